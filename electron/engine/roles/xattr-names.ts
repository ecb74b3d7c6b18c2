import type { ByteString } from '../../../shared/model/path.ts';
import type { FilterChain } from '../filter/chain.ts';
import { FakeXattr } from '../flist/xattr.ts';
import type { XattrDoor } from '../fs/fs.ts';

/** What decides which attributes take part. */
export interface XattrRules {
  /** 1 (`-X`) or 2 (`-XX`). */
  readonly level: number;
  readonly fakeSuper: boolean;
  /** Filter rules about attributes, which then stand in for the default ones; null = there are none. */
  readonly excludes: ((name: ByteString) => boolean) | null;
}

const USER = 'user.';
/** Linux has only this one for users: here `--fake-super` keeps what belongs elsewhere. */
const KEPT = 'user.rsync.';
const isOwn = (name: ByteString): boolean => name.startsWith(`${KEPT}%`);
const FAKED = new Set<ByteString>(Object.values(FakeXattr));

/** Names of a file's attributes that are sent, sorted. */
export function sentNames(at: XattrDoor, { level, fakeSuper, excludes }: XattrRules): ByteString[] {
  return at
    .list()
    .filter((name) => (excludes ? !excludes(name) : !name.startsWith('system.')))
    .filter((name) => !isOwn(name) || (level > 1 && !(fakeSuper && FAKED.has(name))))
    .sort();
}

/** What an attribute here is called on the wire. */
export const wireName = (name: ByteString, { fakeSuper }: XattrRules): ByteString =>
  fakeSuper && name.startsWith(KEPT) && !isOwn(name) ? name.slice(KEPT.length) : name;

/** Names of a file's attributes that a receiver compares and removes. */
export function heldNames(at: XattrDoor, { fakeSuper, excludes }: XattrRules, isRoot: boolean): ByteString[] {
  const all = isRoot && !fakeSuper;
  return at
    .list()
    .filter((name) => (excludes ? !excludes(name) : all ? !name.startsWith('system.') : name.startsWith(USER)))
    .filter((name) => !(fakeSuper && FAKED.has(name)));
}

/** What a listed attribute is called here, or null to leave it out. */
export function localName(
  name: ByteString,
  { level, fakeSuper, excludes }: XattrRules,
  isRoot: boolean,
): ByteString | null {
  if (excludes?.(name)) return null;
  let local = name;
  if ((fakeSuper || !isRoot) && !name.startsWith(USER)) {
    if (!fakeSuper && excludes === null) return null;
    local = KEPT + name;
  }
  if (isOwn(local) && (level < 2 || (fakeSuper && FAKED.has(local)))) return null;
  return local;
}

/** What filter rules say about attributes, or null where they say nothing. */
export const attributeRules = (chain: Pick<FilterChain, 'hasXattrRules' | 'excludesXattr'>): XattrRules['excludes'] =>
  chain.hasXattrRules ? (name) => chain.excludesXattr(name) : null;
