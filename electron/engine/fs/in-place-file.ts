import fs from 'node:fs';
import { fail } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';
import type { DirHandle, DirHandles } from './dir-handles.ts';
import { chmodNoFollow, setFileAttributes } from './file-attributes.ts';
import { FileWriter } from './file-writer.ts';
import { errnoOf, fsError } from './fs-error.ts';
import type { DestinationDir, InPlaceOptions, NewAttributes, OutputFile } from './fs.ts';
import { native } from './native-path.ts';

const { O_WRONLY, O_CREAT, S_IFMT, S_IFREG, S_IFBLK, S_IFCHR } = fs.constants;
/** O_NONBLOCK keeps a FIFO that was put there from blocking the open; the type is checked on the open file. */
const FLAGS = O_WRONLY | (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0);

/**
 * Opens `name` in the folder `dir` to be updated where it stands. The folder stays pinned until the file ends.
 * @param home the same folder
 * @param shown the file's name in messages
 */
export function openInPlace(
  home: DestinationDir,
  dir: DirHandle,
  dirs: DirHandles,
  name: ByteString,
  shown: ByteString,
  options: InPlaceOptions,
  fakeSuper: boolean,
): OutputFile {
  let fd: number;
  try {
    fd = openToWrite(dir, name);
  } catch (error) {
    throw errnoOf(error) === 'ENXIO' ? notRegular(shown) : fsError(error, 'open', shown);
  }
  try {
    const { mode, size } = fs.fstatSync(fd);
    const type = mode & S_IFMT;
    const isDevice = type === S_IFBLK || type === S_IFCHR;
    if (type !== S_IFREG && !(isDevice && options.devices)) throw notRegular(shown);
    const writer = new FileWriter(fd, options, shown, { standing: size, from: options.from ?? 0, isDevice });
    dirs.pin(dir);
    return new InPlaceFile(home, dir, dirs, name, shown, fd, writer, fakeSuper);
  } catch (error) {
    fs.closeSync(fd);
    throw fsError(error, 'open', shown);
  }
}

function openToWrite(dir: DirHandle, name: ByteString): number {
  const path = native(dir.prefix + name);
  try {
    return fs.openSync(path, FLAGS | O_CREAT, 0o600);
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') throw error;
  }
  try {
    // fs.protected_regular refuses O_CREAT on somebody else's file in a sticky folder, though it may be written.
    return fs.openSync(path, FLAGS);
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') throw error;
  }
  // A file of our own that is read-only: its mode is set at the end anyway.
  const { mode } = fs.lstatSync(path);
  if ((mode & S_IFMT) !== S_IFREG) throw Object.assign(new Error('not a file'), { code: 'ENXIO' });
  chmodNoFollow(dir, name, (mode & 0o7777) | 0o200);
  const fd = fs.openSync(path, FLAGS);
  fs.fchmodSync(fd, mode & 0o7777);
  return fd;
}

class InPlaceFile implements OutputFile {
  readonly refused: string;
  readonly #home: DestinationDir;
  readonly #dir: DirHandle;
  readonly #dirs: DirHandles;
  readonly #name: ByteString;
  readonly #shown: ByteString;
  readonly #writer: FileWriter;
  readonly #fakeSuper: boolean;
  #fd: number;
  #finished = false;

  constructor(
    home: DestinationDir,
    dir: DirHandle,
    dirs: DirHandles,
    name: ByteString,
    shown: ByteString,
    fd: number,
    writer: FileWriter,
    fakeSuper: boolean,
  ) {
    this.#home = home;
    this.#dir = dir;
    this.#dirs = dirs;
    this.#name = name;
    this.#shown = shown;
    this.#fd = fd;
    this.#writer = writer;
    this.#fakeSuper = fakeSuper;
    this.refused = writer.refused;
  }

  write(from: Uint8Array, offset: number, length: number): void {
    this.#writer.write(from, offset, length);
  }

  pass(from: Uint8Array, offset: number, length: number): void {
    this.#writer.pass(from, offset, length);
  }

  commit(attributes: NewAttributes, to: { dir: DestinationDir; name: ByteString } | null = null): void {
    if (!this.#finished) {
      this.#writer.finish();
      this.#finished = true;
    }
    setFileAttributes(this.#fd, attributes, this.#shown, this.#fakeSuper);
    try {
      this.#close();
    } catch (error) {
      throw fsError(error, 'write', this.#shown);
    }
    if (to !== null) this.#home.rename(this.#name, to.dir, to.name);
  }

  discard(): void {
    try {
      this.#close();
    } catch {
      // What was written stays, as it was asked for; that it may be incomplete is known.
    }
  }

  #close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    this.#dirs.unpin(this.#dir);
    fs.closeSync(fd);
  }
}

function notRegular(shown: ByteString): Error {
  const text = bytesToText(shown);
  return fail('fs', 'not-regular', `Cannot write “${displayPath(text)}” in place: it is not a regular file.`, {
    path: text,
    details: { errno: '' },
  });
}
