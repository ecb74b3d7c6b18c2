import { fail } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';

/**
 * One clause of `--chmod`, as rsync reads them: `D` or `F` limits it to folders or files, the rest is applied as
 * `mode = (mode & keep) | set`, with `X` adding execute bits where there is one already or for folders.
 */
export interface ModeChange {
  readonly applies: 'all' | 'dirs' | 'files';
  /** Bits that stay. */
  readonly keep: number;
  /** Bits that are set. */
  readonly set: number;
  /** Execute bits that are set for folders, and for files that have an execute bit. */
  readonly setExecute: number;
  /** `g=u`: the three bits at `shift` are given to (or with `remove` taken from) everyone in `to`; null otherwise. */
  readonly copy: { readonly shift: number; readonly to: number; readonly remove: boolean } | null;
}

const EXECUTE = 0o111;
const PERMISSIONS = 0o777;
const ALL = 0o7777;
const SET_UID = 0o4000;
const SET_GID = 0o2000;
const STICKY = 0o1000;

const WHO: Readonly<Record<string, number>> = { u: 0o700, g: 0o070, o: 0o007, a: 0o777 };
const SHIFT: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };
const BITS: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111, X: 0, s: 0, t: 0 };

const CLAUSE = /^([DF]?)(?:([0-7]{1,4})|([ugoa]*)([-+=])([ugo]|[rwxXst]*))$/;

/** Set-id bits that `s` stands for. `o+s` and `+s` mean the owner's, as in rsync. */
function setId(who: string): number {
  const group = /[ga]/.test(who);
  return (/[ua]/.test(who) || !group ? SET_UID : 0) | (group ? SET_GID : 0);
}

/** Special bits that a copy (`g=u`) clears along with the permissions. */
function specialOf(bits: number): number {
  return (bits & 0o700 ? SET_UID : 0) | (bits & 0o070 ? SET_GID : 0) | (bits & 0o007 ? STICKY : 0);
}

function parseClause(text: string, umask: number): ModeChange | null {
  const match = CLAUSE.exec(text);
  if (match === null) return null;
  const [, kind, octal, who = '', operator, what = ''] = match;
  const applies = kind === 'D' ? 'dirs' : kind === 'F' ? 'files' : 'all';
  if (octal !== undefined) return { applies, keep: 0, set: Number.parseInt(octal, 8), setExecute: 0, copy: null };

  let places = 0;
  for (const letter of who) places |= WHO[letter]!;
  if (who === '') places = PERMISSIONS;
  // Without anybody named, the umask says whose bits may be touched; "=" still clears all of them first.
  const touched = who === '' ? PERMISSIONS & ~umask : places;
  const cleared = operator === '=' ? places : 0;
  if (what in SHIFT) {
    const keep = ALL & ~(cleared === 0 ? 0 : cleared | specialOf(cleared));
    return {
      applies,
      keep,
      set: 0,
      setExecute: 0,
      copy: { shift: SHIFT[what]!, to: touched, remove: operator === '-' },
    };
  }
  let bits = 0;
  for (const letter of what) bits |= BITS[letter]!;
  bits &= touched;
  if (what.includes('s')) bits |= setId(who);
  if (what.includes('t')) bits |= STICKY;
  const execute = what.includes('X') ? EXECUTE & touched : 0;
  if (operator === '-') return { applies, keep: ALL & ~(bits | execute), set: 0, setExecute: 0, copy: null };
  return { applies, keep: ALL & ~cleared, set: bits, setExecute: execute, copy: null };
}

/**
 * Parses the value of `--chmod`: clauses separated by commas.
 * @param umask of this process, for clauses that name nobody (`+w`)
 * @throws usage `bad-value`, in rsync's words
 */
export function parseModeChanges(text: ByteString, umask: number): ModeChange[] {
  return text.split(',').map((clause) => {
    const change = parseClause(clause, umask);
    if (change === null) throw fail('usage', 'bad-value', `Invalid argument passed to --chmod (${text})`);
    return change;
  });
}

/** Applies `--chmod` to a mode; the bits above the permissions stay. */
export function changeMode(mode: number, isDir: boolean, changes: readonly ModeChange[]): number {
  const executable = isDir || (mode & EXECUTE) !== 0;
  let bits = mode & ALL;
  for (const change of changes) {
    if (change.applies !== 'all' && (change.applies === 'dirs') !== isDir) continue;
    const { copy } = change;
    const copied = copy === null ? 0 : (((bits >> copy.shift) & 7) * EXECUTE) & copy.to;
    bits = (bits & change.keep) | change.set | (executable ? change.setExecute : 0);
    if (copy !== null) bits = copy.remove ? bits & ~copied : bits | copied;
  }
  return (mode & ~ALL) | bits;
}
