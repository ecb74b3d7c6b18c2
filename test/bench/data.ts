import { createCipheriv, createHash } from 'node:crypto';
import { closeSync, linkSync, lutimesSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

const CHUNK = 8 << 20;
/** 2001-02-03 04:05:06 UTC: old enough for the quick check, the same on every run. */
const THEN = 981_173_106;
/** After this many files or chunks signals get their turn. */
const TURN = 1000;

/** An endless stream of bytes that do not compress, the same for the same seed. */
function noise(seed: string): (length: number) => Buffer {
  const key = createHash('sha256').update(seed).digest().subarray(0, 16);
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  const zeros = Buffer.alloc(CHUNK);
  return (length) => cipher.update(zeros.subarray(0, length));
}

export async function noiseFile(path: string, size: number, seed: string, signal: AbortSignal): Promise<void> {
  const next = noise(seed);
  const fd = openSync(path, 'w');
  try {
    for (let left = size; left > 0;) {
      left -= writeSync(fd, next(Math.min(CHUNK, left)));
      await turn(signal);
    }
  } finally {
    closeSync(fd);
  }
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

/** A folder of files as a row needs it. */
export interface Tree {
  files: number;
  /** Files to a sub-folder; no sub-folders where all fit into one. */
  perFolder: number;
  /** Sizes go from 1 to this, in bytes; 0 makes empty files. */
  maxSize: number;
  /** All empty files of a folder are names of one: each costs a name alone. */
  linked?: boolean;
}

export async function makeTree(path: string, tree: Tree, signal: AbortSignal): Promise<void> {
  const { files, perFolder, maxSize, linked = false } = tree;
  const next = noise('small');
  mkdirSync(path);
  let folder = path;
  let original = '';
  for (let i = 0; i < files; i++) {
    if (i % perFolder === 0 && files > perFolder) {
      folder = `${path}/folder-${i / perFolder}`;
      mkdirSync(folder);
    }
    if (i % TURN === 0) await turn(signal);
    const name = `${folder}/file-${i}.dat`;
    if (linked && i % perFolder !== 0) linkSync(original, name);
    else {
      writeFileSync(name, maxSize === 0 ? '' : next(1 + ((i * 7919) % maxSize)));
      lutimesSync(name, THEN, THEN);
      original = name;
    }
  }
}

async function turn(signal: AbortSignal): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}
