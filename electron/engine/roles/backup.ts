import { joinPath, type ByteString } from '../../../shared/model/path.ts';
import { toErrorData } from '../../../shared/errors.ts';
import type { Connection } from '../connection.ts';
import { isUnsafeLink } from '../flist/unsafe-link.ts';
import type { DestinationDir, NewAttributes, Stat } from '../fs/fs.ts';
import { infoLevel } from '../options/info-words.ts';
import type { ReceiverAbilities } from '../plan/decide.ts';
import { Mode, isDir, isLink, isReg } from '../wire/constants.ts';
import { setWhatCanBe } from './attributes.ts';
import { copyFile } from './copy-file.ts';
import type { Destination, Place } from './destination.ts';
import { makeDirs, type SideDirs } from './side-dirs.ts';

/** How a backup is made of what stands at a place: a second name or a copy of it, or the thing itself. */
type Manner = 'link' | 'copy' | 'move';

/** `--backup`: what is replaced or deleted is kept under another name, beside itself or below `--backup-dir`. */
export class Backup {
  readonly #conn: Connection;
  readonly #destination: Destination;
  readonly #sides: SideDirs;
  readonly #abilities: ReceiverAbilities;
  readonly #folder: ByteString | null;
  readonly #suffix: ByteString;
  readonly #tells: boolean;
  readonly #finalMode: (rel: ByteString) => number | undefined;

  /** @param finalMode the mode a folder of the destination will have in the end, where it is kept open until then */
  constructor(
    conn: Connection,
    destination: Destination,
    sides: SideDirs,
    abilities: ReceiverAbilities,
    finalMode: (rel: ByteString) => number | undefined,
  ) {
    this.#conn = conn;
    this.#finalMode = finalMode;
    this.#destination = destination;
    this.#sides = sides;
    this.#abilities = abilities;
    const { backupDir, suffix } = conn.options;
    this.#folder = backupDir === null ? null : backupDir.replace(/(.)\/+$/, '$1');
    this.#suffix = suffix ?? (backupDir === null ? '~' : '');
    this.#tells = conn.options.backup && infoLevel(conn.options, 'backup') > 0;
  }

  /** Says where backups go (`--info=backup`). */
  announce(): void {
    if (!this.#tells || this.#folder === null) return;
    this.#say(`${this.#sides.look(this.#folder) === 'folder' ? '' : '(new) '}backup_dir is ${this.#folder}\n`);
  }

  get on(): boolean {
    return this.#conn.options.backup;
  }

  /**
   * Keeps what is about to be replaced by a rename: it stays at its place until then.
   * @param inPlace whether it will be written where it stands instead, so that its bytes must be copied
   * @returns where the backup is, or null if none is to be made
   * @throws fs what kept the backup from being made; then nothing may be replaced
   */
  keep(place: Place, stat: Stat, inPlace = false): Place | null {
    return this.on && !isDir(stat.mode) ? this.#make(place, stat, inPlace ? 'copy' : 'link') : null;
  }

  /** Whether a name is that of a backup beside its file. */
  isOne({ name }: Place): boolean {
    return this.#folder === null && name.length > this.#suffix.length && name.endsWith(this.#suffix);
  }

  /**
   * Removes something that is no folder, keeping a backup. A backup of an earlier run beside its file goes for good.
   * @throws fs what kept it from being removed
   */
  remove(place: Place, stat: Stat): void {
    if (this.on && !this.isOne(place)) this.#make(place, stat, 'move');
    else if (!this.#conn.options.dryRun) place.dir.unlink(place.name);
  }

  #make(place: Place, stat: Stat, manner: Manner): Place | null {
    const rel = joinPath(place.dir.rel, place.name);
    let made: Place | null = null;
    if (this.#isUnsafe(place, stat)) {
      if (manner === 'move' && !this.#conn.options.dryRun) place.dir.unlink(place.name);
    } else if (!this.#conn.options.dryRun) {
      try {
        made = this.#putAway(place, stat, manner);
      } catch (error) {
        // A backup folder inside the destination may have been deleted since it was opened.
        if (this.#folder === null || toErrorData(error).code !== 'enoent') throw error;
        this.#sides.forget(this.#folder);
        made = this.#putAway(place, stat, manner);
      }
    }
    if (!this.#tells) return made;
    const target = this.#folder === null ? rel : joinPath(this.#folder, rel);
    this.#say(`backed up ${rel} to ${target}${this.#suffix}\n`);
    return made;
  }

  #putAway(place: Place, stat: Stat, manner: Manner): Place {
    const name = place.name + this.#suffix;
    const dir = this.#folder === null ? place.dir : this.#folderOf(place.dir.rel);
    if (isDir(dir.lstat(name)?.mode ?? 0)) this.#removeAll(dir, name);
    this.#put(place, stat, manner, dir, name);
    return { dir, name };
  }

  /** A link that `--safe-links` would not have made is not kept either. */
  #isUnsafe({ dir, name }: Place, stat: Stat): boolean {
    if (!this.#conn.options.safeLinks || !isLink(stat.mode)) return false;
    const rel = joinPath(dir.rel, name);
    const target = dir.readlink(name);
    if (!isUnsafeLink(target, rel)) return false;
    if (infoLevel(this.#conn.options, 'symsafe') > 0)
      this.#say(`not backing up unsafe symlink "${rel}" -> "${target}"\n`);
    return true;
  }

  #say(text: ByteString): void {
    this.#conn.emit({ type: 'message', level: 'info', from: 'local', text });
  }

  #put({ dir, name }: Place, stat: Stat, manner: Manner, toDir: DestinationDir, toName: ByteString): void {
    if (manner === 'link') {
      try {
        return dir.link(name, toDir, toName);
      } catch (error) {
        // Not every file system has hard links, and none has them to another one.
        manner = toErrorData(error).code === 'exdev' ? 'copy' : 'move';
      }
    }
    if (manner === 'move') {
      try {
        dir.rename(name, toDir, toName);
        // Where both names were one file, renaming did nothing.
        if (stat.nlink > 1 && dir.lstat(name)) dir.unlink(name);
        return;
      } catch (error) {
        if (toErrorData(error).code !== 'exdev') throw error;
      }
    }
    this.#copy({ dir, name }, stat, toDir, toName);
    if (manner === 'move') dir.unlink(name);
  }

  #copy({ dir, name }: Place, stat: Stat, toDir: DestinationDir, toName: ByteString): void {
    const attributes = this.#attributesOf(stat);
    const { extended } = this.#abilities;
    if (extended) attributes.extended = (at) => extended.copy(dir.xattrs(name), at, stat.mode);
    if (isReg(stat.mode)) return copyFile(dir.openRead(name), toDir, toName, attributes, this.#conn.poll);
    if (isLink(stat.mode)) toDir.symlink(toName, dir.readlink(name));
    else toDir.mknod(toName, stat.mode, stat.rdevMajor, stat.rdevMinor);
    setWhatCanBe(toDir, toName, attributes, isLink(stat.mode));
  }

  /** The folder below `--backup-dir` for what was in `rel`, made like the destination's folder of that name. */
  #folderOf(rel: ByteString): DestinationDir {
    const root = this.#sides.make(this.#folder!);
    const like = (parent: DestinationDir, name: ByteString): void => {
      const folder = this.#destination.dir(joinPath(parent.rel, name));
      const stat = folder?.lstat('.');
      if (!folder || !stat) return;
      const attributes = { ...this.#attributesOf(stat), mtime: null };
      attributes.mode = this.#finalMode(joinPath(parent.rel, name)) ?? attributes.mode;
      const { extended } = this.#abilities;
      if (extended) attributes.extended = (at) => extended.copy(folder.xattrs('.'), at, stat.mode);
      setWhatCanBe(parent, name, attributes, false);
    };
    return makeDirs(root, rel, { mode: 0o700, replace: true, onMade: like });
  }

  #attributesOf({ mode, uid, gid, mtime, nsec }: Stat): NewAttributes {
    const { owner, group, times } = this.#conn.options;
    return {
      mode: mode & Mode.PERMS,
      uid: owner && this.#abilities.isRoot ? uid : null,
      gid: group ? gid : null,
      mtime: times ? mtime : null,
      // A peer that knows no fractions of a second never set them.
      nsec: this.#conn.agreed.dialect.nanoseconds ? nsec : 0,
      atime: null,
    };
  }

  /** A folder of an earlier run's backups where a file's backup is to go now. */
  #removeAll(dir: DestinationDir, name: ByteString): void {
    const folder = this.#sides.open(this.#folder ?? '.')?.dir(joinPath(dir.rel, name));
    for (const child of folder?.readdir() ?? []) {
      if (isDir(folder!.lstat(child)?.mode ?? 0)) this.#removeAll(folder!, child);
      else folder!.unlink(child);
    }
    dir.rmdir(name);
  }
}
