import type { ByteString } from '../../../shared/model/path.ts';
import type { PatternRule } from './rule.ts';
import { compileGlob, matchGlob } from './wildmatch.ts';

export type Matcher = (name: ByteString, isDir: boolean) => boolean;

const WILD = /[*?[]/;

/** Index of the last component of `name`. */
function baseStart(name: ByteString): number {
  return name.lastIndexOf('/') + 1;
}

/** Index where the last `count` components of `text` begin, or -1 if it has fewer. */
function lastComponents(text: ByteString, count: number): number {
  let at = text.length;
  for (let left = count; left > 0; left--) {
    if (at < 0) return -1;
    at = at === 0 ? -1 : text.lastIndexOf('/', at - 1);
    if (at < 0 && left > 1) return -1;
  }
  return at + 1;
}

/**
 * Compiles the pattern of one rule, without regard to its negation (reference §5.7 `matches`).
 * @param root path of the transfer root without slashes at its ends, for rules with the `/` modifier
 */
export function compileMatcher(rule: PatternRule, root: ByteString): Matcher {
  const { pattern, dirOnly } = rule;
  const wild = WILD.test(pattern);
  const deep = wild && pattern.includes('**');
  const deepFirst = pattern.startsWith('**');
  const tripleLast = deep && pattern.endsWith('***');
  const slashes = pattern.split('/').length - 1;
  const anchored = pattern.startsWith('/');
  const body = anchored ? pattern.slice(1) : pattern;
  const onlyBase = slashes === 0 && !deep;

  if (onlyBase && !wild) {
    return (name, isDir) =>
      (!dirOnly || isDir) &&
      name.endsWith(body) &&
      (name.length === body.length || baseStart(name) === name.length - body.length);
  }
  if (onlyBase && pattern.startsWith('*') && !/[*?[\\]/.test(pattern.slice(1))) {
    const suffix = pattern.slice(1);
    return (name, isDir) => (!dirOnly || isDir) && name.endsWith(suffix);
  }
  const subject = (name: ByteString): ByteString =>
    onlyBase ? name : rule.absolute ? (root === '' ? name : `${root}/${name}`) : deepFirst ? `/${name}` : name;
  if (!wild) {
    const tail = `/${body}`;
    return (name, isDir) => {
      if (dirOnly && !isDir) return false;
      const text = subject(name);
      return text === body || (!anchored && text.endsWith(tail));
    };
  }
  const glob = compileGlob(body);
  const find: (text: ByteString) => boolean = onlyBase
    ? (text) => matchGlob(glob, text, baseStart(text))
    : !anchored && slashes > 0 && !deep
      ? (text) => {
          const start = lastComponents(text, slashes + 1);
          return start >= 0 && matchGlob(glob, text, start);
        }
      : !anchored && deep && !deepFirst
        ? (text) => {
            for (let start = 0; ;) {
              if (matchGlob(glob, text, start)) return true;
              start = text.indexOf('/', start) + 1;
              if (start === 0) return false;
            }
          }
        : (text) => matchGlob(glob, text);
  return (name, isDir) => {
    if (isDir ? false : dirOnly) return false;
    const text = subject(name);
    return find(isDir && tripleLast ? `${text}/` : text);
  };
}

/**
 * Compiles a pattern of a rule file in `dir`, where a leading slash stands for that directory.
 * @param dir absolute path of the directory: the transfer root, one below it, or one above it
 * @param root absolute path of the transfer root
 */
export function compileLocalMatcher(rule: PatternRule, dir: ByteString, root: ByteString): Matcher {
  const bare = root.replace(/^\/+|\/+$/g, '');
  const inner = compileMatcher(rule, bare);
  if (rule.absolute || !rule.pattern.startsWith('/') || dir === root) return inner;
  if (isBelow(dir, root)) {
    const prefix = `${dir.slice(root === '/' ? 1 : root.length + 1)}/`;
    return (name, isDir) => name.startsWith(prefix) && inner(name.slice(prefix.length), isDir);
  }
  const between = `${root.slice(dir === '/' ? 1 : dir.length + 1)}/`;
  return (name, isDir) => inner(between + name, isDir);
}

/** Whether a path lies below a directory; both absolute and tidy. */
export function isBelow(path: ByteString, dir: ByteString): boolean {
  return dir === '/' ? path !== '/' : path.length > dir.length && path[dir.length] === '/' && path.startsWith(dir);
}
