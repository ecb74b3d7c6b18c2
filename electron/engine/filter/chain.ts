import type { ByteString } from '../../../shared/model/path.ts';
import type { FilterRule } from './rule.ts';
import { compileGlob, matchGlob } from './wildmatch.ts';

type Matcher = (name: ByteString, isDir: boolean) => boolean;

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

/** Compiles the pattern of one rule, without regard to its negation (reference §5.7 `matches`). */
function compileMatcher(rule: FilterRule, root: ByteString): Matcher {
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

interface CompiledRule {
  rule: FilterRule;
  matches: Matcher;
}

/**
 * The rules one side of a transfer obeys, compiled (reference §5.7). Names are relative to the transfer root, without
 * a leading slash; the root itself (`.`) is never asked about. The caller tests a directory before its contents.
 */
export class FilterChain {
  readonly #rules: readonly CompiledRule[];

  /**
   * @param rules the user's rules in order
   * @param side whose view: a sender ignores receiver-only rules and a receiver ignores sender-only rules
   * @param root absolute path of the transfer root, which rules with the `/` modifier are matched against
   */
  constructor(rules: readonly FilterRule[], side: 'sender' | 'receiver', root: ByteString = '/') {
    const bareRoot = root.replace(/^\/+|\/+$/g, '');
    this.#rules = rules
      .filter((rule) => rule.side === 'both' || rule.side === side)
      .map((rule) => ({ rule, matches: compileMatcher(rule, bareRoot) }));
  }

  /** Whether no rule applies here, so that callers may skip building names for it. */
  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  /**
   * The first rule that acts on the name, or null.
   * @param ignorePerishable skips rules marked `p`, as inside a directory that is being deleted
   */
  matchRule(name: ByteString, isDir: boolean, ignorePerishable = false): FilterRule | null {
    for (const { rule, matches } of this.#rules) {
      if (ignorePerishable && rule.perishable) continue;
      if (matches(name, isDir) !== rule.negate) return rule;
    }
    return null;
  }

  /** Whether the name takes part; a name no rule acts on does. */
  check(name: ByteString, isDir: boolean, ignorePerishable = false): 'include' | 'exclude' {
    const rule = this.matchRule(name, isDir, ignorePerishable);
    return rule === null || rule.include ? 'include' : 'exclude';
  }
}
