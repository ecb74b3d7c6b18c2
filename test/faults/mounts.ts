import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';

/** File systems of their own for one test, mounted by root and gone after it; and calls made to fail by strace. */
export const isRoot = process.getuid?.() === 0 && process.platform === 'linux';
export const hasLoop = isRoot && spawnSync('losetup', ['-f']).status === 0;

const mounted = new Set<string>();
process.once('exit', () => {
  for (const place of mounted) spawnSync('umount', ['-l', place]);
});

const mount = (...words: string[]) => execFileSync('mount', words, { stdio: ['ignore', 'ignore', 'pipe'] });

/** @param options of the mount, e.g. `size=1m` */
export function mountTmpfs(place: string, options: string): void {
  fs.mkdirSync(place, { recursive: true });
  mount('-t', 'tmpfs', '-o', options, 'none', place);
  mounted.add(place);
}

export const remount = (place: string, options: string): void => void mount('-o', `remount,${options}`, place);

/** An ext4 (or ext2) file system in an image file, which is made if it is not there. */
export function mountImage(image: string, place: string, type: 'ext2' | 'ext4' = 'ext4', sizeMb = 64): void {
  if (!fs.existsSync(image)) {
    fs.writeFileSync(image, '');
    fs.truncateSync(image, sizeMb * 1024 * 1024);
    execFileSync(`mkfs.${type}`, ['-q', '-b', '4096', '-m', '0', image]);
  }
  fs.mkdirSync(place, { recursive: true });
  mount('-t', type, '-o', 'loop', image, place);
  mounted.add(place);
}

/** @param lazy whoever has something open there keeps it */
export function unmount(place: string, lazy = false): void {
  if (!mounted.delete(place)) return;
  execFileSync('umount', lazy ? ['-l', place] : [place]);
}

/**
 * What a power cut leaves of an ext4: from now on nothing reaches the disk, not even the journal's last transactions.
 * (EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH, linux/fs/ext4/ext4.h; Node has no ioctl.)
 */
export function cutPower(place: string): void {
  const program = `import fcntl,os,struct,sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))`;
  execFileSync('python3', ['-c', program, place]);
}

/**
 * The words that run a command with one system call failing, on all its threads.
 * @param inject e.g. `pwrite64:error=EIO:when=3+`, as strace takes it
 * @param paths only calls that touch these files or folders
 */
export function failing(inject: string, paths: readonly string[] = []): [program: string, args: string[]] {
  const call = inject.split(':')[0]!;
  const where = paths.flatMap((path) => ['-P', path]);
  return ['strace', ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${inject}`, ...where]];
}
