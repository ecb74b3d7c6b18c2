import fs from 'node:fs';
import { fail } from '../../../shared/errors.ts';
import { type ByteString, joinPath } from '../../../shared/model/path.ts';
import type { DirHandle, DirHandles } from './dir-handles.ts';
import { errnoError, errnoOf, fsError } from './fs-error.ts';
import type { NewAttributes, TempFile } from './fs.ts';
import type { Journal, TempKind } from './journal.ts';
import { native } from './native-path.ts';
import { toStat } from './node-fs.ts';
import { loadPosix } from './posix.ts';
import { tempName } from './temp-name.ts';

/** Where temporary entries are made: a folder below the root, and the journal they are written to first. */
export interface TempPlace {
  readonly dirs: DirHandles;
  readonly journal: Journal;
  /** Absolute path of the root. */
  readonly root: ByteString;
  /** The folder, relative to the root. */
  readonly rel: ByteString;
}

const ATTEMPTS = 100;

/**
 * Journals a fresh temporary name beside `name` and makes an entry of it.
 * @param make makes the entry or throws; EEXIST leads to another name
 * @returns the temporary name and what `make` returned
 */
export function makeTemporary<T>(
  place: TempPlace,
  name: ByteString,
  kind: TempKind,
  make: (temp: ByteString) => T,
): { temp: ByteString; made: T } {
  for (let attempt = 1; ; attempt++) {
    const temp = tempName(name);
    const rel = joinPath(place.rel, temp);
    place.journal.add(kind, place.root, rel);
    try {
      return { temp, made: make(temp) };
    } catch (error) {
      place.journal.withdraw();
      if (errnoOf(error) !== 'EEXIST' || attempt === ATTEMPTS) {
        throw fsError(error, 'create a temporary file for', joinPath(place.root, joinPath(place.rel, name)));
      }
    }
  }
}

const { O_WRONLY, O_CREAT, O_EXCL } = fs.constants;
const TEMP_FLAGS = O_WRONLY | O_CREAT | O_EXCL | (fs.constants.O_NOFOLLOW ?? 0);

/** Opens a temporary file, mode 0600, in the folder `dir` that `place` names. The folder stays pinned until it ends. */
export function openTemp(place: TempPlace, dir: DirHandle, target: ByteString): TempFile {
  const { temp, made } = makeTemporary(place, target, 'f', (name) =>
    fs.openSync(native(dir.prefix + name), TEMP_FLAGS, 0o600),
  );
  place.dirs.pin(dir);
  return new OpenTempFile(place, dir, target, temp, made);
}

class OpenTempFile implements TempFile {
  readonly name: ByteString;
  readonly #place: TempPlace;
  readonly #dir: DirHandle;
  readonly #target: ByteString;
  #fd: number;
  #ended = false;

  constructor(place: TempPlace, dir: DirHandle, target: ByteString, name: ByteString, fd: number) {
    this.#place = place;
    this.#dir = dir;
    this.#target = target;
    this.name = name;
    this.#fd = fd;
  }

  write(from: Uint8Array, offset: number, length: number): void {
    try {
      for (let done = 0; done < length;) done += fs.writeSync(this.#fd, from, offset + done, length - done);
    } catch (error) {
      throw fsError(error, 'write', this.#shown());
    }
  }

  commit(attributes: NewAttributes): void {
    if (this.#ended) throw fail('internal', 'temp-ended', 'A temporary file was used after its end.');
    const { uid, gid, mode, mtime, nsec, atime } = attributes;
    try {
      // chown clears the set-id bits, so the mode comes after the owner.
      if (uid !== null || gid !== null) fs.fchownSync(this.#fd, uid ?? -1, gid ?? -1);
      if (mode !== null) fs.fchmodSync(this.#fd, mode & 0o7777);
    } catch (error) {
      // Still open: the caller may leave the owner out and commit again.
      throw fsError(error, 'set the owner or mode of', this.#shown());
    }
    if (mtime !== null || atime !== null) setFileTimes(this.#fd, mtime, nsec, atime, this.#shown());
    try {
      this.#close();
      fs.renameSync(native(this.#dir.prefix + this.name), native(this.#dir.prefix + this.#target));
    } catch (error) {
      this.discard();
      throw fsError(error, 'put in place', this.#shown());
    }
    this.#end();
  }

  discard(): void {
    if (this.#ended) return;
    try {
      this.#close();
    } catch {
      // Its data is being thrown away; the descriptor is gone even when close reports an error.
    }
    try {
      fs.unlinkSync(native(this.#dir.prefix + this.name));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') {
        // Left to the next start: the journal still names it.
        this.#ended = true;
        this.#place.dirs.unpin(this.#dir);
        return;
      }
    }
    this.#end();
  }

  #close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    fs.closeSync(fd);
  }

  #end(): void {
    this.#ended = true;
    this.#place.dirs.unpin(this.#dir);
    this.#place.journal.done();
  }

  #shown(): ByteString {
    return joinPath(this.#place.root, joinPath(this.#place.rel, this.#target));
  }
}

function setFileTimes(fd: number, mtime: number | null, nsec: number, atime: number | null, shown: ByteString): void {
  const posix = loadPosix();
  if (posix !== null) {
    const errno = posix.setFileTimes(fd, mtime, nsec, atime);
    if (errno !== '') throw errnoError(errno, 'set the time of', shown);
    return;
  }
  try {
    fs.futimesSync(fd, ...nodeTimes(mtime, nsec, atime, () => fs.fstatSync(fd, { bigint: true })));
  } catch (error) {
    throw fsError(error, 'set the time of', shown);
  }
}

/**
 * Access and modification time for node's utimes family, which sets both: one that is to stay is looked up, except the
 * access time where the modification time alone is set, which becomes now.
 */
export function nodeTimes(
  mtime: number | null,
  nsec: number,
  atime: number | null,
  look: () => fs.BigIntStats,
): [atime: string | Date, mtime: string] {
  if (mtime !== null) return [atime === null ? new Date() : nodeTime(atime, 0), nodeTime(mtime, nsec)];
  const stat = toStat(look());
  return [atime === null ? new Date() : nodeTime(atime, 0), nodeTime(stat.mtime, stat.nsec)];
}

/**
 * A time for node's utimes family without koffi: about a microsecond exact. It must be a string: a negative number
 * means "now" to Node. The fraction is cut to microseconds, since a double near .9999999999 rounds to the next second.
 */
export function nodeTime(seconds: number, nsec: number): string {
  return String(seconds + Math.floor(nsec / 1000) / 1_000_000);
}
