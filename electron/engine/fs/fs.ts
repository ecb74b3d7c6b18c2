import type { ByteString } from '../../../shared/model/path.ts';
import type { Acl } from '../flist/acl.ts';

/**
 * The file system as the roles see it. All calls are synchronous (reference: stack.md "Files"); the roles slice their
 * work. `null` stands for "does not exist"; every other failure throws a `DriftlineError` of kind `fs` whose
 * `details.errno` is the system's code. node-fs.ts implements it; test/support has the fault-injecting one.
 */
export interface Stat {
  mode: number; // st_mode, type and permission bits
  size: number;
  mtime: number; // whole seconds, may be negative
  nsec: number; // 0..999999999
  atime: number; // whole seconds
  uid: number;
  gid: number;
  /** Exact: numbers past 2^53, which some network file systems have, are bigints. */
  dev: number | bigint;
  ino: number | bigint;
  nlink: number;
  rdevMajor: number;
  rdevMinor: number;
}

export interface NewAttributes {
  /** Permission bits (07777) or null to leave them. */
  mode: number | null;
  uid: number | null;
  gid: number | null;
  /** Seconds and nanoseconds, or null to leave the time alone. */
  mtime: number | null;
  nsec: number;
  /** Seconds, or null to leave the time alone. */
  atime: number | null;
  /** Sets ACLs and extended attributes, after the owner and before the mode; reports its own failures. */
  extended?: ((at: XattrDoor) => void) | undefined;
}

/**
 * The extended attributes of one file or folder, which a symlink at its end is taken for itself. A file system without
 * attributes has none. Failures throw errors of kind `fs`.
 */
export interface XattrDoor {
  list(): ByteString[];
  /** The value, or null where there is no such attribute. */
  get(name: ByteString): Buffer | null;
  set(name: ByteString, value: Uint8Array): void;
  /** What is not there is as good as removed. */
  remove(name: ByteString): void;
}

/**
 * Where ACLs of files lie. Both kinds are complete: an access ACL has its base entries. NO_ACL stands for a file whose
 * mode says it all, or a folder without default ACL.
 */
export interface AclStore {
  /** @param mode of the file */
  access(at: XattrDoor, mode: number): Acl;
  default(at: XattrDoor): Acl;
  setAccess(at: XattrDoor, acl: Acl, mode: number): void;
  setDefault(at: XattrDoor, acl: Acl): void;
}

/** Source side: reads only, but for the source's own removal. Paths are absolute or relative to the working directory. */
export interface SourceFs {
  lstat(path: ByteString): Stat | null;
  stat(path: ByteString): Stat | null;
  /** Names without `.` and `..`, in directory order. */
  readdir(path: ByteString): ByteString[];
  readlink(path: ByteString): ByteString;
  /** Where a path leads through all its links. */
  realpath(path: ByteString): ByteString;
  /** Opens a regular file for reading without blocking on a FIFO; throws if it is not regular. */
  openRead(path: ByteString, how?: ReadHow): ReadFile;
  /** Bytes a device holds, as far as the system tells; 0 otherwise. */
  deviceSize(device: Stat): number;
  /** The extended attributes of a file, of a symlink its own. */
  xattrs(path: ByteString): XattrDoor;
  readonly acls: AclStore;
  /** `--remove-source-files` */
  unlink(path: ByteString): void;
}

/** What is not done unless asked for. */
export interface ReadHow {
  /** Follows a final symlink. */
  readonly follow?: boolean;
  /** Leaves the access time alone where the system lets this process. */
  readonly noatime?: boolean;
  /** Reads a device too, to its end. */
  readonly devices?: boolean;
}

export interface ReadFile {
  readonly size: number;
  readonly mtime: number;
  readonly nsec: number;
  /** The open regular file itself, for the system to copy; absent where there is none. */
  readonly descriptor?: number;
  /** Reads up to `length` bytes at `position` into `into`; returns the count, 0 at the end of the file. */
  read(into: Uint8Array, offset: number, length: number, position: number): number;
  close(): void;
}

/**
 * Destination side: everything happens below a root that was opened once. Parents are held open and walked component
 * by component without following symlinks (faults.md H5), so a swapped parent cannot redirect a call.
 */
export interface DestinationRoot {
  /** Absolute path of the root, for messages. */
  readonly path: ByteString;
  /** A held directory at `rel` ('' = the root), or null if it is missing or not a directory. Cached; do not close it. */
  dir(rel: ByteString): DestinationDir | null;
  /** Forgets cached handles at and below `rel`, after it was removed or replaced. */
  forget(rel: ByteString): void;
  close(): void;
}

export interface DestinationDir {
  readonly rel: ByteString;
  /** `name` may be '.' here: the folder itself. Everywhere else a name is one plain component (protocol `unsafe-name`). */
  lstat(name: ByteString): Stat | null;
  readdir(): ByteString[];
  readlink(name: ByteString): ByteString;
  /** @param devices whether a device is read too, to its end */
  openRead(name: ByteString, devices?: boolean): ReadFile;
  /** The process's umask applies to `mode`; setAttributes makes it exact. */
  mkdir(name: ByteString, mode: number): void;
  rmdir(name: ByteString): void;
  unlink(name: ByteString): void;
  /** Creates a symlink under a temporary name and renames it over `name`, so an existing non-directory is replaced atomically. */
  symlink(name: ByteString, target: ByteString): void;
  /** Makes a device, fifo or socket, likewise by rename. Throws `not-supported` without koffi or privilege. */
  mknod(name: ByteString, mode: number, major: number, minor: number): void;
  /**
   * Moves an entry, never through a symlink; what is not a folder is replaced. Both folders come from this file system.
   * @throws fs `exdev` across file systems
   */
  rename(name: ByteString, toDir: DestinationDir, toName: ByteString): void;
  /**
   * Gives an entry that is no folder another name; a symlink is linked itself. What is not a folder is replaced
   * atomically.
   * @throws fs `exdev` across file systems, `emlink`, `eperm` where the file system has no hard links
   */
  link(name: ByteString, toDir: DestinationDir, toName: ByteString): void;
  /** The extended attributes of an entry, of a symlink its own; `name` may be '.'. Valid until the next call here. */
  xattrs(name: ByteString): XattrDoor;
  /** Permissions that the folder's default ACL allows new entries, or null where the umask counts. */
  defaultMode(): number | null;
  /**
   * Attributes of an existing entry (never through a symlink): owner, then mode, then times. `name` may be '.': the
   * folder itself. The mode is skipped for a symlink.
   */
  setAttributes(name: ByteString, attributes: NewAttributes, isSymlink: boolean): void;
  /** Opens a new temporary file `.name.XXXXXX` beside `name`, mode 0600, recorded in the journal. */
  createTemp(name: ByteString, options?: TempOptions): TempFile;
  /**
   * Opens an existing file, or a new one of mode 0600, to be written where it stands (`--inplace`).
   * @throws fs `not-regular` for anything else, or a device unless those are allowed
   */
  openInPlace(name: ByteString, options: InPlaceOptions): OutputFile;
}

/** How the bytes of a file are written. */
export interface WriteOptions {
  /** Zeros become holes (`--sparse`). */
  sparse?: boolean;
  /** Bytes to reserve before the first one is written (`--preallocate`). */
  reserve?: number;
  /** The bytes must be on the disk before the file is put in place (`--fsync`). */
  fsync?: boolean;
}

export interface TempOptions extends WriteOptions {
  /** The folder holds nothing but temporary files (`--temp-dir`): no leading dot, and commit is told where to. */
  apart?: boolean;
}

export interface InPlaceOptions extends WriteOptions {
  /** Bytes at the start that stay (`--append`). */
  from?: number;
  /** Whether a device may be written (`--write-devices`). */
  devices?: boolean;
}

/** A file that is being written front to back. */
export interface OutputFile {
  /** The errno reserving space was refused with, or ''. */
  readonly refused: string;
  write(from: Uint8Array, offset: number, length: number): void;
  /** In place: these bytes stand at this position already and are passed over. */
  pass(from: Uint8Array, offset: number, length: number): void;
  /**
   * Has the system copy up to `length` bytes at `position` of another file here; absent where none can.
   * @returns the bytes copied, or 0 if it cannot, or not here: then they are to be read and written, or {@link restart}ed
   */
  copyFrom?(file: ReadFile, position: number, length: number): number;
  /** Goes back to the beginning: everything is written once more. */
  restart?(): void;
  /**
   * Ends the file, sets attributes on it, closes it and puts it in place: over its target, or over `to`. Owner, mode,
   * times, then rename. If an attribute is refused it throws with the file still open: commit again without it, or
   * discard. If the close or the rename fails, the file is discarded. `mode: null` leaves 0600.
   * @param to null = the target it was made for. On another file system it is copied beside it first
   */
  commit(attributes: NewAttributes, to?: { dir: DestinationDir; name: ByteString } | null): void;
  /** Closes it, and removes it unless it was written in place. Idempotent; does nothing after commit. */
  discard(): void;
}

export interface TempFile extends OutputFile {
  readonly name: ByteString;
}
