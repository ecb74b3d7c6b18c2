import { createCipheriv, createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { closeSync, lutimesSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';

const CHUNK = 8 << 20;
/** 2001-02-03 04:05:06 UTC: old enough for the quick check, the same on every run. */
const THEN = 981_173_106;

/** An endless stream of bytes that do not compress, the same for the same seed. */
function noise(seed: string): (length: number) => Buffer {
  const key = createHash('sha256').update(seed).digest().subarray(0, 16);
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  const zeros = Buffer.alloc(CHUNK);
  return (length) => cipher.update(zeros.subarray(0, length));
}

export function noiseFile(path: string, size: number, seed: string): void {
  const next = noise(seed);
  const fd = openSync(path, 'w');
  for (let left = size; left > 0;) left -= writeSync(fd, next(Math.min(CHUNK, left)));
  closeSync(fd);
  lutimesSync(path, THEN, THEN);
}

/** Writes `edits` stretches of `length` bytes over the file, evenly spread, and gives it a newer time. */
export function editFile(path: string, size: number, edits: number, length: number): void {
  const next = noise('edits');
  const step = Math.floor(size / edits);
  const fd = openSync(path, 'r+');
  for (let i = 0; i < edits; i++) writeSync(fd, next(length), 0, length, i * step + Math.floor(step / 3));
  closeSync(fd);
  lutimesSync(path, THEN + 1, THEN + 1);
}

/**
 * Makes a folder of `files` small files, `perFolder` to a sub-folder (none where all fit into one).
 *
 * @param maxSize sizes go from 1 to this, in bytes; 0 makes empty files
 */
export function smallFiles(path: string, files: number, perFolder: number, maxSize: number): void {
  const next = noise('small');
  mkdirSync(path);
  let folder = path;
  for (let i = 0; i < files; i++) {
    if (i % perFolder === 0 && files > perFolder) {
      folder = `${path}/folder-${i / perFolder}`;
      mkdirSync(folder);
    }
    const name = `${folder}/file-${i}.dat`;
    writeFileSync(name, maxSize === 0 ? '' : next(1 + ((i * 7919) % maxSize)));
    lutimesSync(name, THEN, THEN);
  }
}

/** Empties a folder, making it if need be. */
export function empty(path: string): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
}

/** `cp -a`: contents, times and modes. */
export function copy(from: string, to: string): void {
  execFileSync('cp', ['-a', from, to]);
}

/** @throws Error unless both trees hold the same names and bytes */
export function mustBeEqual(a: string, b: string): void {
  execFileSync('diff', ['-rq', '--no-dereference', a, b], { stdio: ['ignore', 'pipe', 'pipe'] });
}
