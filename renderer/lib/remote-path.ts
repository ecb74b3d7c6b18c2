import type { PathText } from '../../shared/model/path.ts';

/** One step of the way to a folder on a server. */
export interface Crumb {
  name: string;
  path: PathText;
}

/** The way to a path: from `/`, or from the folder of the login ('') for a path without a slash in front. */
export function crumbsOf(path: string): Crumb[] {
  const absolute = path.startsWith('/');
  const crumbs: Crumb[] = [{ name: absolute ? '/' : '', path: (absolute ? '/' : '') as PathText }];
  let at = absolute ? '/' : '';
  for (const name of path.split('/').filter((part) => part !== '')) {
    at = at === '' || at === '/' ? `${at}${name}` : `${at}/${name}`;
    crumbs.push({ name, path: at as PathText });
  }
  return crumbs;
}

/** The folder above; null for `/` and for the folder of the login. */
export function parentOf(path: string): PathText | null {
  return crumbsOf(path).at(-2)?.path ?? null;
}
