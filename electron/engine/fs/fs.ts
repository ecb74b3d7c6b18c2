import type { ByteString } from '../../../shared/model/path.ts';

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
}

/** Source side: reads only. Paths are absolute or relative to the working directory. */
export interface SourceFs {
  lstat(path: ByteString): Stat | null;
  stat(path: ByteString): Stat | null;
  /** Names without `.` and `..`, in directory order. */
  readdir(path: ByteString): ByteString[];
  readlink(path: ByteString): ByteString;
  /** Opens a regular file for reading without following a final symlink or blocking on a FIFO; throws if it is not regular. */
  openRead(path: ByteString): ReadFile;
}

export interface ReadFile {
  readonly size: number;
  readonly mtime: number;
  readonly nsec: number;
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
  openRead(name: ByteString): ReadFile;
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
  /**
   * Attributes of an existing entry (never through a symlink): owner, then mode, then times. `name` may be '.': the
   * folder itself. The mode is skipped for a symlink.
   */
  setAttributes(name: ByteString, attributes: NewAttributes, isSymlink: boolean): void;
  /** Opens a new temporary file `.name.XXXXXX` beside `name`, mode 0600, recorded in the journal. */
  createTemp(name: ByteString): TempFile;
}

export interface TempFile {
  readonly name: ByteString;
  write(from: Uint8Array, offset: number, length: number): void;
  /**
   * Sets attributes on the open file, closes it and renames it over its target. Owner, mode, times, then rename. If an
   * attribute is refused it throws with the file still open: commit again without it, or discard. If the close or the
   * rename fails, the file is discarded. `mode: null` leaves 0600.
   */
  commit(attributes: NewAttributes): void;
  /** Closes and removes it. Idempotent; does nothing after commit. */
  discard(): void;
}
