import type { Endpoint } from '../../shared/model/profile.ts';
import type { Host } from '../../shared/model/host.ts';
import { joinPath } from '../../shared/model/path.ts';

/** Where an end lies, in parts that a screen joins as it likes. */
export interface EndpointLabel {
  /** Host name, or null for this computer. */
  host: string | null;
  path: string;
}

/** `~` stands for the home folder of this computer, as people write it. */
export function endpointLabel(
  end: Endpoint,
  hosts: readonly Host[],
  home: string | null,
  unknownHost: string,
): EndpointLabel {
  if (end.kind === 'local') return { host: null, path: shortenHome(end.path, home) };
  return { host: hosts.find((host) => host.id === end.hostId)?.name ?? unknownHost, path: end.path };
}

export function shortenHome(path: string, home: string | null): string {
  if (home === null || home.length < 2) return path;
  if (path === home) return '~';
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

/** What a person typed as `~/x` on this computer. The service takes whole paths only. */
export function expandHome(path: string, home: string | null): string {
  return home !== null && (path === '~' || path.startsWith('~/')) ? home + path.slice(1) : path;
}

/** Last name of a path; '' for the root or an empty path. */
export function baseName(path: string): string {
  const clean = path.replace(/[/\\]+$/, '');
  return clean.slice(Math.max(clean.lastIndexOf('/'), clean.lastIndexOf('\\')) + 1);
}

/**
 * Where a file of the source arrives: the trailing slash of rsync, shown instead of explained.
 * `exampleName` is a file name in the source.
 */
export function examplePath(source: string, destination: string, contentsOnly: boolean, exampleName: string): string {
  const folder = contentsOnly ? destination : joinPath(destination, baseName(source));
  return joinPath(folder, exampleName);
}
