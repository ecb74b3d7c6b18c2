import type { ByteString } from '../../../shared/model/path.ts';
import { fail } from '../../../shared/errors.ts';
import { type MergeFiles, type MergePoint, RuleCompiler, type RuleNode, type Scope, tidyPath } from './merge-file.ts';
import type { FilterRule, PatternRule } from './rule.ts';

export type Side = 'sender' | 'receiver';

export interface ChainOptions {
  /** `--delete-excluded`: rules without a side are the sender's alone. */
  deleteExcluded?: boolean;
  /** How per-directory files are read; absent = there must be no such rules. */
  mergeFiles?: MergeFiles;
}

/** Whether a rule plays a part on one side of the transfer (reference §5.3). */
export function actsOn(rule: FilterRule, side: Side, deleteExcluded: boolean): boolean {
  if (rule.side === 'each') return true;
  if (rule.side !== 'both') return rule.side === side;
  // Rules in full may be sided themselves: the file is read on both sides.
  const bare = rule.kind !== 'dir-merge' || rule.only !== null || rule.cvs;
  return side === 'sender' || !deleteExcluded || !bare;
}

/** A directory whose names are asked about, and what they are tried against. */
interface Entered {
  readonly dir: ByteString;
  readonly scope: Scope;
}

const NO_FILES: MergeFiles = {
  read: () => {
    throw fail('internal', 'no-merge-files', 'A per-directory rule where none can be read');
  },
  floor: '/',
  from0: false,
};

/**
 * The rules one side of a transfer obeys, compiled (reference §5.7). Names are relative to the transfer root, without
 * a leading slash; the root itself (`.`) is never asked about. The caller tests a directory before its contents, and
 * `enter`s it before it asks about them, depth first.
 */
export class FilterChain {
  /** Whether a rule is about extended attributes: then no default list applies to those. */
  hasXattrRules = false;
  readonly #nodes: readonly RuleNode[];
  readonly #points: readonly MergePoint[];
  readonly #compiler: RuleCompiler;
  readonly #root: ByteString;
  /** The directories entered on the way to the last one. */
  readonly #entered: Entered[] = [];

  /**
   * @param rules the user's rules in order
   * @param side whose view: a sender ignores receiver-only rules and a receiver ignores sender-only rules
   * @param root absolute path of the transfer root, which rules with the `/` modifier are matched against
   */
  constructor(rules: readonly FilterRule[], side: Side, root: ByteString = '/', options: ChainOptions = {}) {
    const { deleteExcluded = false, mergeFiles = NO_FILES } = options;
    this.#root = tidyPath(root, '/');
    this.#compiler = new RuleCompiler(mergeFiles, this.#root, (rule) => {
      if (rule.kind === 'pattern' && rule.xattr) this.hasXattrRules = true;
      return actsOn(rule, side, deleteExcluded);
    });
    const points: MergePoint[] = [];
    this.#nodes = rules.flatMap((rule) => this.#compiler.compile(rule, this.#root, points));
    this.#points = points;
  }

  /** Whether no rule applies here, so that callers may skip building names for it. */
  get isEmpty(): boolean {
    return this.#nodes.length === 0;
  }

  /**
   * A directory's names are asked about next ('' or '.' = the root): reads its rule files.
   * @throws usage `filter-syntax` for a malformed rule in one
   */
  enter(dir: ByteString): void {
    if (this.#points.length === 0) return;
    const name = dir === '.' ? '' : dir;
    this.#leave(name);
    const above = this.#entered[this.#entered.length - 1];
    if (above?.dir === name) return;
    const path = name === '' ? this.#root : this.#root === '/' ? `/${name}` : `${this.#root}/${name}`;
    const scope = this.#compiler.enter(above?.scope ?? null, above?.scope.points ?? this.#points, path);
    this.#entered.push({ dir: name, scope });
  }

  /** `enter` with the directories above it, where they are not entered already. */
  enterPath(dir: ByteString): void {
    if (this.#points.length === 0) return;
    const name = dir === '.' ? '' : dir;
    this.#leave(name);
    const last = this.#entered.at(-1);
    if (last === undefined) this.enter('');
    for (let end = last?.dir.length ?? 0; end < name.length;) {
      end = name.indexOf('/', end + 1);
      if (end < 0) end = name.length;
      this.enter(name.slice(0, end));
    }
  }

  /** Forgets what was read: files may have changed since. */
  leaveAll(): void {
    this.#entered.length = 0;
  }

  /**
   * The first rule that acts on the name, or null.
   * @param ignorePerishable skips rules marked `p`, as inside a directory that is being deleted
   */
  matchRule(name: ByteString, isDir: boolean, ignorePerishable = false): PatternRule | null {
    return this.#match(this.#nodes, this.#scopeOf(name), name, isDir, ignorePerishable, false);
  }

  /** Whether the name takes part; a name no rule acts on does. */
  check(name: ByteString, isDir: boolean, ignorePerishable = false): 'include' | 'exclude' {
    const rule = this.matchRule(name, isDir, ignorePerishable);
    return rule === null || rule.include ? 'include' : 'exclude';
  }

  /** Whether rules leave out an extended attribute. */
  excludesXattr(name: ByteString): boolean {
    const scope = this.#entered[this.#entered.length - 1]?.scope ?? null;
    const rule = this.#match(this.#nodes, scope, name, false, false, true);
    return rule !== null && !rule.include;
  }

  #match(
    nodes: readonly RuleNode[],
    scope: Scope | null,
    name: ByteString,
    isDir: boolean,
    ignorePerishable: boolean,
    xattr: boolean,
  ): PatternRule | null {
    for (const node of nodes) {
      if (node.matches === null) {
        const list = scope?.lists[node.index];
        const found = list && this.#match(list, scope!, name, isDir, ignorePerishable, xattr);
        if (found) return found;
        continue;
      }
      const { rule } = node;
      if (rule.xattr !== xattr || (ignorePerishable && rule.perishable)) continue;
      if (node.matches(name, isDir) !== rule.negate) return rule;
    }
    return null;
  }

  /** What names beside this one are tried against: its directory's rules, or those of the nearest one entered. */
  #scopeOf(name: ByteString): Scope | null {
    if (this.#points.length === 0) return null;
    const slash = name.lastIndexOf('/');
    const last = this.#entered[this.#entered.length - 1];
    const inLast =
      last !== undefined && last.dir.length === Math.max(slash, 0) && (slash < 0 || name.startsWith(last.dir));
    if (!inLast) this.#leave(slash < 0 ? '' : name.slice(0, slash));
    return this.#entered[this.#entered.length - 1]?.scope ?? null;
  }

  /** Drops entered directories that are neither `dir` nor above it. */
  #leave(dir: ByteString): void {
    for (let last = this.#entered.at(-1); last; last = this.#entered.at(-1)) {
      if (last.dir === '' || last.dir === dir || dir.startsWith(`${last.dir}/`)) return;
      this.#entered.pop();
    }
  }
}
