import fs from 'node:fs';
import { type ByteString, joinPath } from '../../../shared/model/path.ts';
import { errnoOf, fsError } from './fs-error.ts';
import type { DestinationRoot, Stat } from './fs.ts';
import { JOURNAL_NAME, type JournalRecord, parseJournal } from './journal.ts';
import { native } from './native-path.ts';
import { NO_FOLDER } from './entry-calls.ts';
import { BYTES, openRegular } from './node-fs.ts';
import { isAlive } from './process-identity.ts';
import { openRoot } from './root.ts';
import { looksTemporary } from './temp-name.ts';

export interface SweepResult {
  /** Temporary entries removed. */
  removed: number;
  /** Journals of ended runs kept, because something they name could not be reached or removed. Tried again next time. */
  kept: number;
}

/** A journal is cut back while it runs, so a longer one is not ours. */
const MAX_JOURNAL = 64 * 1024 * 1024;

/**
 * Removes what killed runs left: for each journal in `folder` whose process is gone, the temporary entries it names,
 * then the journal. An entry goes only if it has a temporary name, is of the recorded type, and is reached from the
 * recorded root without passing a symlink; a user's file that merely looks like one is in no journal and stays.
 * @throws fs if the folder cannot be listed, or `unsafe-journal-folder` if others could write in it
 */
export function sweep(folder: ByteString): SweepResult {
  const result = { removed: 0, kept: 0 };
  let names: ByteString[];
  try {
    const stat = fs.lstatSync(native(folder), { throwIfNoEntry: false });
    if (stat === undefined) return result;
    // Whoever writes here decides what is removed: it must be ours alone.
    if (!stat.isDirectory() || !isOurs(stat)) throw Object.assign(new Error('not ours alone'), { code: 'EPERM' });
    names = fs.readdirSync(native(folder), BYTES);
  } catch (error) {
    throw fsError(error, 'sweep the journals in', folder);
  }
  for (const name of names) if (JOURNAL_NAME.test(name)) sweepJournal(joinPath(folder, name), result);
  return result;
}

function sweepJournal(path: ByteString, result: SweepResult): void {
  const bytes = readJournal(path);
  if (bytes === null) return;
  const journal = parseJournal(bytes);
  if (journal === null ? isAlive({ pid: pidOf(path), start: '' }) : isAlive(journal.owner)) return;
  const roots = new Map<ByteString, DestinationRoot | null>();
  let complete = true;
  try {
    for (const record of journal?.records ?? []) {
      const outcome = removeRecorded(record, roots);
      if (outcome === 'removed') result.removed++;
      else if (outcome === 'unreachable') complete = false;
    }
  } finally {
    for (const root of roots.values()) root?.close();
  }
  if (!complete) {
    result.kept++;
    return;
  }
  try {
    fs.unlinkSync(native(path));
  } catch (error) {
    // Another start may sweep at the same time.
    if (errnoOf(error) !== 'ENOENT') result.kept++;
  }
}

function removeRecorded(
  record: JournalRecord,
  roots: Map<ByteString, DestinationRoot | null>,
): 'removed' | 'absent' | 'unreachable' {
  const slash = record.rel.lastIndexOf('/');
  const name = record.rel.slice(slash + 1);
  if (!looksTemporary(name)) return 'absent';
  try {
    const dir = rootAt(record.root, roots)?.dir(record.rel.slice(0, Math.max(slash, 0)));
    if (dir === undefined) return 'unreachable';
    const stat = dir?.lstat(name);
    if (!dir || !stat || !isKind(stat, record.kind)) return 'absent';
    dir.unlink(name);
    return 'removed';
  } catch {
    return 'unreachable';
  }
}

/** The recorded root, or null if it is gone or a part of its path is now a symlink. */
function rootAt(path: ByteString, roots: Map<ByteString, DestinationRoot | null>): DestinationRoot | null {
  const known = roots.get(path);
  if (known !== undefined) return known;
  let root: DestinationRoot | null;
  try {
    root = openRoot(path);
    if (root.path !== path) {
      root.close();
      root = null;
    }
  } catch {
    root = null;
  }
  roots.set(path, root);
  return root;
}

function isKind(stat: Stat, kind: JournalRecord['kind']): boolean {
  const { S_IFMT, S_IFREG, S_IFLNK, S_IFDIR } = fs.constants;
  const type = stat.mode & S_IFMT;
  if (kind === 'f') return type === S_IFREG;
  if (kind === 'l') return type === S_IFLNK;
  return type !== S_IFREG && type !== S_IFLNK && type !== S_IFDIR;
}

/** The journal's bytes, or null if it is gone, too long, or not a plain file of ours. */
function readJournal(path: ByteString): ByteString | null {
  try {
    const stat = fs.lstatSync(native(path));
    if (!stat.isFile() || !isOurs(stat) || stat.size > MAX_JOURNAL) return null;
    const file = openRegular(NO_FOLDER, path, path);
    try {
      const bytes = Buffer.alloc(Math.min(file.size, MAX_JOURNAL));
      let length = 0;
      for (let count = 1; count > 0 && length < bytes.length; length += count) {
        count = file.read(bytes, length, bytes.length - length, length);
      }
      return bytes.toString('latin1', 0, length);
    } finally {
      file.close();
    }
  } catch {
    return null;
  }
}

function isOurs(stat: fs.Stats): boolean {
  return process.getuid === undefined || (stat.uid === process.getuid() && (stat.mode & 0o022) === 0);
}

function pidOf(path: ByteString): number {
  return Number(/run-(\d{1,10})-/.exec(path.slice(path.lastIndexOf('/')))?.[1] ?? 0);
}
