import type { DestinationDir, DestinationRoot, OutputFile, ReadFile, SourceFs } from '../../electron/engine/fs/fs.ts';
import { errnoError } from '../../electron/engine/fs/fs-error.ts';
import { type ByteString, joinPath } from '../../shared/model/path.ts';

/**
 * Fault injection between the roles and a real file system (faults.md D1–D7): `new Faults([...])` says which calls fail,
 * `faultySource` and `faultyRoot` wrap the real thing. Everything not listed happens for real.
 *
 *   const faults = new Faults([{ operation: 'write', name: /big\.bin$/, nth: 3, errno: 'ENOSPC' }]);
 *   const root = faultyRoot(openRoot(path), faults);
 *
 * fails the third write to a temporary file whose target ends in `big.bin`, and every one after it; `once: true` lets
 * the later ones through.
 */
export interface Fault {
  operation: FaultOperation;
  /** Matched against the path: as given on the source side, relative to the root on the destination. Default: any. */
  name?: RegExp;
  /** Which matching call is the first to fail, from 1 (default). */
  nth?: number;
  /** Only that one fails. */
  once?: boolean;
  /** E.g. `EIO`. */
  errno: string;
}

/** `create`, `write` and `rename` are createTemp and openInPlace, OutputFile.write and OutputFile.commit; `chown` fails commit with an owner. */
export type FaultOperation =
  | 'lstat'
  | 'readdir'
  | 'readlink'
  | 'open'
  | 'read'
  | 'dir'
  | 'mkdir'
  | 'rmdir'
  | 'unlink'
  | 'symlink'
  | 'mknod'
  | 'move'
  | 'link'
  | 'attributes'
  | 'create'
  | 'write'
  | 'chown'
  | 'rename';

export class Faults {
  /** `operation path` of every failure so far. */
  readonly fired: string[] = [];
  readonly #faults: { fault: Fault; calls: number }[];

  constructor(faults: Fault[]) {
    this.#faults = faults.map((fault) => ({ fault, calls: 0 }));
  }

  /** Throws the error of the first fault that is due. */
  check(operation: FaultOperation, path: ByteString): void {
    for (const entry of this.#faults) {
      const { fault } = entry;
      if (fault.operation !== operation || (fault.name && !fault.name.test(path))) continue;
      entry.calls++;
      const nth = fault.nth ?? 1;
      if (entry.calls < nth || (fault.once && entry.calls > nth)) continue;
      this.fired.push(`${operation} ${path}`);
      throw errnoError(fault.errno, operation, path);
    }
  }
}

export function faultySource(inner: SourceFs, faults: Faults): SourceFs {
  const checked = <T>(operation: FaultOperation, path: ByteString, call: (path: ByteString) => T): T => {
    faults.check(operation, path);
    return call(path);
  };
  return {
    lstat: (path) => checked('lstat', path, inner.lstat),
    stat: (path) => checked('lstat', path, inner.stat),
    readdir: (path) => checked('readdir', path, inner.readdir),
    readlink: (path) => checked('readlink', path, inner.readlink),
    realpath: (path) => inner.realpath(path),
    deviceSize: (device) => inner.deviceSize(device),
    openRead: (path, how) =>
      faultyRead(
        checked('open', path, (real) => inner.openRead(real, how)),
        path,
        faults,
      ),
    xattrs: (path) => inner.xattrs(path),
    acls: inner.acls,
    unlink: (path) => checked('unlink', path, inner.unlink),
  };
}

export function faultyRoot(inner: DestinationRoot, faults: Faults): DestinationRoot {
  return {
    path: inner.path,
    dir(rel) {
      faults.check('dir', rel);
      const dir = inner.dir(rel);
      return dir === null ? null : faultyDir(dir, faults);
    },
    forget: (rel) => inner.forget(rel),
    close: () => inner.close(),
  };
}

function faultyDir(inner: DestinationDir, faults: Faults): DestinationDir {
  const check = (operation: FaultOperation, name: ByteString): void =>
    faults.check(operation, joinPath(inner.rel, name));
  const faulty: DestinationDir = {
    rel: inner.rel,
    lstat(name) {
      check('lstat', name);
      return inner.lstat(name);
    },
    readdir() {
      check('readdir', '');
      return inner.readdir();
    },
    readlink(name) {
      check('readlink', name);
      return inner.readlink(name);
    },
    openRead(name, devices) {
      check('open', name);
      return faultyRead(inner.openRead(name, devices), joinPath(inner.rel, name), faults);
    },
    mkdir(name, mode) {
      check('mkdir', name);
      inner.mkdir(name, mode);
    },
    rmdir(name) {
      check('rmdir', name);
      inner.rmdir(name);
    },
    unlink(name) {
      check('unlink', name);
      inner.unlink(name);
    },
    symlink(name, target) {
      check('symlink', name);
      inner.symlink(name, target);
    },
    mknod(name, mode, major, minor) {
      check('mknod', name);
      inner.mknod(name, mode, major, minor);
    },
    rename(name, toDir, toName) {
      check('move', name);
      inner.rename(name, REAL.get(toDir) ?? toDir, toName);
    },
    link(name, toDir, toName) {
      check('link', name);
      inner.link(name, REAL.get(toDir) ?? toDir, toName);
    },
    xattrs: (name) => inner.xattrs(name),
    defaultMode: () => inner.defaultMode(),
    setAttributes(name, attributes, isSymlink) {
      check('attributes', name);
      inner.setAttributes(name, attributes, isSymlink);
    },
    createTemp(name, options) {
      check('create', name);
      const temp = inner.createTemp(name, options);
      return { ...faultyOutput(temp, check, name), name: temp.name };
    },
    openInPlace(name, options) {
      check('create', name);
      return faultyOutput(inner.openInPlace(name, options), check, name);
    },
  };
  REAL.set(faulty, inner);
  return faulty;
}

/** The folders behind the faulty ones, for calls that name two of them. */
const REAL = new WeakMap<DestinationDir, DestinationDir>();

function faultyRead(inner: ReadFile, path: ByteString, faults: Faults): ReadFile {
  return {
    size: inner.size,
    mtime: inner.mtime,
    nsec: inner.nsec,
    read(into, offset, length, position) {
      faults.check('read', path);
      return inner.read(into, offset, length, position);
    },
    close: () => inner.close(),
  };
}

function faultyOutput(
  inner: OutputFile,
  check: (operation: FaultOperation, name: ByteString) => void,
  target: ByteString,
): OutputFile {
  return {
    refused: inner.refused,
    write(from, offset, length) {
      check('write', target);
      inner.write(from, offset, length);
    },
    pass(from, offset, length) {
      check('write', target);
      inner.pass(from, offset, length);
    },
    commit(attributes, to = null) {
      if (attributes.uid !== null || attributes.gid !== null) check('chown', target);
      try {
        check('rename', target);
      } catch (error) {
        // The real one removes its file when the rename fails.
        inner.discard();
        throw error;
      }
      inner.commit(attributes, to && { dir: REAL.get(to.dir) ?? to.dir, name: to.name });
    },
    discard: () => inner.discard(),
  };
}
