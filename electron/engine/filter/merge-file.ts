import { fail } from '../../../shared/errors.ts';
import { joinPath, type ByteString } from '../../../shared/model/path.ts';
import { expandCvs } from './cvs.ts';
import { compileLocalMatcher, isBelow, type Matcher } from './matcher.ts';
import { addContent, type ReadRuleFile, type RuleFiles } from './rule-list.ts';
import { type DirMergeRule, type FilterRule, type PatternRule, templateOf } from './rule.ts';

/** A rule as it is tried. */
export interface CompiledRule {
  readonly rule: PatternRule;
  readonly matches: Matcher;
}

/** Where the rules of a per-directory file stand among the others. */
export interface MergePoint {
  readonly rule: DirMergeRule;
  readonly matches: null;
  /** Index into the lists of a scope. */
  readonly index: number;
  readonly base: ByteString;
}

export type RuleNode = CompiledRule | MergePoint;

/** What a directory's names are tried against: for each merge point its rules, the directory's own ones first. */
export interface Scope {
  readonly points: readonly MergePoint[];
  readonly lists: readonly (readonly RuleNode[])[];
}

/** Where per-directory files are read. A daemon confines it to its module. */
export interface MergeFiles {
  readonly read: ReadRuleFile;
  /** Directory above which none is looked at. */
  readonly floor: ByteString;
  /** Whether NUL stands between rules (`-0`). */
  readonly from0: boolean;
}

/** Most per-directory files that may be looked for in one directory; each costs a call in every directory. */
const MAX_POINTS = 256;

/** Compiles rules and reads per-directory files. */
export class RuleCompiler {
  readonly #files: MergeFiles;
  readonly #ruleFiles: RuleFiles;
  readonly #root: ByteString;
  /** Whether a rule plays a part here at all. */
  readonly #acts: (rule: FilterRule) => boolean;

  /** @param root absolute, tidy path of the transfer root */
  constructor(files: MergeFiles, root: ByteString, acts: (rule: FilterRule) => boolean) {
    this.#files = files;
    this.#root = root;
    this.#acts = acts;
    this.#ruleFiles = {
      read: (path) => {
        const content = files.read(path);
        if (content === null) throw fail('fs', 'rule-file', 'A rule file cannot be read', { exitCode: 11 });
        return content;
      },
      from0: files.from0,
    };
  }

  /**
   * The scope of a directory.
   * @param parent scope of the directory above it, or null with the points that all directories have
   * @param dir absolute path
   */
  enter(parent: Scope | null, points: readonly MergePoint[], dir: ByteString): Scope {
    const all = [...points];
    const lists: (readonly RuleNode[])[] = [];
    for (let i = 0; i < all.length; i++) {
      const inherited = parent && i < parent.lists.length ? parent.lists[i]! : this.#above(all[i]!, dir, all);
      lists.push(this.#read(all[i]!, dir, inherited, all));
    }
    return { points: all, lists };
  }

  /** Compiles one rule that acts here; a file name that is looked for already is no second rule. */
  compile(rule: FilterRule, dir: ByteString, points: MergePoint[]): RuleNode[] {
    if (!this.#acts(rule)) return [];
    if (rule.kind === 'cvs') return expandCvs(rule, this.#files.read).map((each) => this.#pattern(each, dir));
    if (rule.kind === 'pattern') return [this.#pattern(rule, dir)];
    const base = rule.name.slice(rule.name.lastIndexOf('/') + 1);
    if (points.some((point) => point.base === base)) return [];
    if (points.length >= MAX_POINTS) throw fail('usage', 'filter-too-many', 'Too many per-directory rule files');
    const point: MergePoint = { rule, matches: null, index: points.length, base };
    points.push(point);
    return [point];
  }

  #pattern(rule: PatternRule, dir: ByteString): RuleNode {
    return { rule, matches: compileLocalMatcher(rule, dir, this.#root) };
  }

  /** What a name with a path in it inherits from the directories above the first one. */
  #above(point: MergePoint, dir: ByteString, points: MergePoint[]): readonly RuleNode[] {
    const { name } = point.rule;
    const slash = name.lastIndexOf('/');
    if (slash < 0) return [];
    const top = tidyPath(name.slice(0, slash) || '/', dir);
    if (!isBelow(dir, top)) return [];
    let list: readonly RuleNode[] = [];
    for (const each of pathBetween(top, dir)) {
      if (each === this.#files.floor || isBelow(each, this.#files.floor)) list = this.#read(point, each, list, points);
    }
    return list;
  }

  /** The rules of a directory's own file before those it inherits. */
  #read(point: MergePoint, dir: ByteString, inherited: readonly RuleNode[], points: MergePoint[]): readonly RuleNode[] {
    const { rule, base } = point;
    const path = joinPath(dir, base);
    const rest = rule.inherit ? inherited : [];
    const content = this.#files.read(path);
    if (content === null) return rest;
    let own: RuleNode[] = [];
    let keep = true;
    const known = points.length;
    const sink = {
      // A file that this one merges has its leading slashes at the transfer root.
      add: (found: FilterRule, depth: number) =>
        void own.push(...this.compile(found, depth === 1 ? dir : this.#root, points)),
      clear: () => {
        own = [];
        points.length = known;
        keep = false;
      },
    };
    // Names in its merge rules are from the transfer root, where rsync stands: not from its own directory.
    const reading = { files: this.#ruleFiles, dir: this.#root, depth: 1 };
    addContent(sink, content, templateOf(rule), reading, path);
    return keep ? [...own, ...rest] : own;
  }
}

/** An absolute path without empty, `.` and `..` components. */
export function tidyPath(path: ByteString, dir: ByteString): ByteString {
  const parts: ByteString[] = [];
  for (const part of `${path.startsWith('/') ? '' : `${dir}/`}${path}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** The directories from `top` on down to the one above `dir`. */
function pathBetween(top: ByteString, dir: ByteString): ByteString[] {
  const found: ByteString[] = [];
  for (let at = dir; isBelow(at, top);) {
    at = at.slice(0, at.lastIndexOf('/')) || '/';
    found.unshift(at);
  }
  return found;
}
