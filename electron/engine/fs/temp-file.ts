import fs from 'node:fs';
import { fail, toErrorData } from '../../../shared/errors.ts';
import { type ByteString, joinPath } from '../../../shared/model/path.ts';
import type { DirHandle, DirHandles } from './dir-handles.ts';
import { openEntry, renameEntry } from './entry-calls.ts';
import { setFileAttributes } from './file-attributes.ts';
import { FileWriter } from './file-writer.ts';
import { errnoOf, fsError } from './fs-error.ts';
import type { DestinationDir, NewAttributes, ReadFile, TempFile, TempOptions } from './fs.ts';
import type { Journal, TempKind } from './journal.ts';
import { native } from './native-path.ts';
import { tempName } from './temp-name.ts';

/** Where temporary entries are made: a folder below the root, and the journal they are written to first. */
export interface TempPlace {
  readonly dirs: DirHandles;
  readonly journal: Journal;
  /** Absolute path of the root. */
  readonly root: ByteString;
  /** The folder, relative to the root. */
  readonly rel: ByteString;
  /** `--fake-super`: files stand for what their attributes say. */
  readonly fakeSuper: boolean;
  readonly noatime: boolean;
}

const ATTEMPTS = 100;

/**
 * Journals a fresh temporary name beside `name` and makes an entry of it.
 * @param make makes the entry or throws; EEXIST leads to another name
 * @param apart whether the folder holds temporary entries only
 * @returns the temporary name and what `make` returned
 */
export function makeTemporary<T>(
  place: TempPlace,
  name: ByteString,
  kind: TempKind,
  make: (temp: ByteString) => T,
  apart = false,
): { temp: ByteString; made: T } {
  for (let attempt = 1; ; attempt++) {
    const temp = tempName(name, apart);
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
export const TEMP_FLAGS = O_WRONLY | O_CREAT | O_EXCL | (fs.constants.O_NOFOLLOW ?? 0);

/** Bytes a copy between file systems takes at a time. */
const COPY_BYTES = 1 << 20;

interface CommitTarget {
  dir: DestinationDir;
  name: ByteString;
}

/**
 * Opens a temporary file, mode 0600, in the folder `dir` that `place` names. The folder stays pinned until it ends.
 * @param home the same folder
 */
export function openTemp(
  place: TempPlace,
  home: DestinationDir,
  dir: DirHandle,
  target: ByteString,
  options: TempOptions,
): TempFile {
  const make = (name: ByteString) => openEntry(dir, name, TEMP_FLAGS, 0o600);
  const { temp, made } = makeTemporary(place, target, 'f', make, options.apart);
  place.dirs.pin(dir);
  return new OpenTempFile(place, home, dir, target, temp, made, options);
}

class OpenTempFile implements TempFile {
  readonly name: ByteString;
  readonly refused: string;
  readonly #place: TempPlace;
  readonly #home: DestinationDir;
  readonly #dir: DirHandle;
  readonly #target: ByteString;
  readonly #options: TempOptions;
  /** The target, in messages. */
  readonly #shown: ByteString;
  readonly #writer: FileWriter;
  #fd: number;
  #finished = false;
  #ended = false;
  /** Stands beside the target, as this one could not be moved there. */
  #copy: TempFile | null = null;

  constructor(
    place: TempPlace,
    home: DestinationDir,
    dir: DirHandle,
    target: ByteString,
    name: ByteString,
    fd: number,
    options: TempOptions,
  ) {
    this.#place = place;
    this.#home = home;
    this.#dir = dir;
    this.#target = target;
    this.name = name;
    this.#fd = fd;
    this.#options = options;
    this.#shown = joinPath(place.root, joinPath(place.rel, target));
    this.#writer = new FileWriter(fd, options, this.#shown);
    this.refused = this.#writer.refused;
  }

  write(from: Uint8Array, offset: number, length: number): void {
    this.#writer.write(from, offset, length);
  }

  pass(from: Uint8Array, offset: number, length: number): void {
    this.#writer.write(from, offset, length);
  }

  copyFrom(file: ReadFile, position: number, length: number): number {
    return this.#writer.copyFrom(file, position, length);
  }

  restart(): void {
    this.#writer.restart();
  }

  commit(attributes: NewAttributes, to: CommitTarget | null = null): void {
    if (this.#copy !== null) return this.#copy.commit(attributes);
    if (this.#ended) throw fail('internal', 'temp-ended', 'A temporary file was used after its end.');
    if (!this.#finished) {
      this.#writer.finish();
      this.#finished = true;
    }
    setFileAttributes(this.#fd, attributes, this.#shown, this.#place.fakeSuper);
    try {
      this.#close();
      if (to === null) renameEntry(this.#dir, this.name, this.#target);
      else this.#home.rename(this.name, to.dir, to.name);
    } catch (error) {
      if (to !== null && toErrorData(error).code === 'exdev') return this.#copyTo(to, attributes);
      this.discard();
      throw fsError(error, 'put in place', this.#shown);
    }
    this.#end();
  }

  discard(): void {
    this.#copy?.discard();
    this.#remove();
  }

  #remove(): void {
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

  /** The target is on another file system: what it replaces must stay whole until the copy is. */
  #copyTo({ dir, name }: CommitTarget, attributes: NewAttributes): void {
    try {
      const copy = dir.createTemp(name, { ...this.#options, apart: false, reserve: 0 });
      this.#copy = copy;
      const source = this.#home.openRead(this.name);
      try {
        const buffer = Buffer.alloc(COPY_BYTES);
        for (let at = 0, got = 1; got > 0; at += got) {
          got = source.read(buffer, 0, COPY_BYTES, at);
          copy.write(buffer, 0, got);
        }
      } finally {
        source.close();
      }
    } catch (error) {
      this.discard();
      throw error;
    }
    this.#remove();
    this.#copy.commit(attributes);
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
}
