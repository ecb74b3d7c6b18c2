import { createCipheriv, createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { type ByteString, joinPath, textToBytes } from '../../../shared/model/path.ts';

export const BIG_FILE = 'video/holiday.raw';
const BIG_SIZE = 64 * 2 ** 20;
const EDIT_LENGTH = 7;
/** 2001-02-03 04:05:06 UTC; quarters of a second are exact in a double, so every platform can set them. */
const FIRST_TIME = 981_173_106.25;
/** rsync compares sizes and times: what is edited in place needs another time. */
const SECOND_TIME = 1_000_000_000.5;
const FOLDERS = 12;
const FILES = 30;

/** A path of node:fs from bytes. */
const at = (path: ByteString): Buffer => Buffer.from(path, 'latin1');

/** Bytes that look random and are the same for the same seed. */
function noise(size: number, seed: string): Buffer {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

/** Names that quoting, decoding or option parsing could spoil, as far as the platform can hold them. */
function oddNames(): ByteString[] {
  const names = [
    'two words',
    '-rf',
    '~',
    '#notes#',
    'comma,semi=colon',
    `${'long'.repeat(60)}.txt`,
    'über-straße 漢字 🚲',
  ];
  if (process.platform !== 'win32')
    names.push('line\nbreak', 'tab\there', 'quote\'s and "quotes"', 'back\\slash', '*?[a-z]', ' space ');
  const bytes = names.map(textToBytes);
  // Only Linux keeps names that are not UTF-8.
  if (process.platform === 'linux') bytes.push('latin1-\xfc\xe9\xff', '\xc3\x28 broken');
  return bytes;
}

/**
 * Makes the tree the demo mirrors: some hundred files in folders, one of 64 MiB, odd names, modes, links.
 * @param root path bytes of a folder that does not exist yet
 */
export function makeSampleTree(root: ByteString): void {
  mkdirSync(at(root));
  const put = (name: ByteString, content: string | Buffer, mode = 0o644): void => {
    const path = at(joinPath(root, name));
    writeFileSync(path, content);
    chmodSync(path, mode);
  };
  for (const dir of ['video', 'odd names', 'links', 'empty', 'deep', 'deep/er', 'deep/er/still'])
    mkdirSync(at(joinPath(root, dir)));
  put(BIG_FILE, noise(BIG_SIZE, 'big'));
  for (let d = 0; d < FOLDERS; d++) {
    const dir = `photos ${2010 + d}`;
    mkdirSync(at(joinPath(root, dir)));
    for (let f = 0; f < FILES; f++)
      put(`${dir}/picture-${f}.jpg`, noise(200 + (((d * FILES + f) * 7919) % 40_000), `${d}/${f}`));
  }
  for (const name of oddNames()) put(`odd names/${name}`, `This is ${name}\n`);
  put('empty-file', '');
  put('script.sh', '#!/bin/sh\necho hello\n', 0o755);
  put('secret.txt', 'only for me\n', 0o600);
  put('deep/er/still/note', 'down here\n', 0o444);
  symlinkSync('../script.sh', at(joinPath(root, 'links/to-file')));
  symlinkSync('../deep/er', at(joinPath(root, 'links/to-folder')));
  symlinkSync('nowhere at all', at(joinPath(root, 'links/dangling')));
  chmodSync(at(joinPath(root, 'empty')), 0o700);
  setTimes(root, FIRST_TIME);
}

/** Changes a few bytes in place, adds, renames, deletes, and turns one kind of entry into another. */
export function changeSampleTree(root: ByteString): void {
  const changed: ByteString[] = [BIG_FILE];
  const big = openSync(at(joinPath(root, BIG_FILE)), 'r+');
  for (const share of [0.1, 0.5, 0.9]) {
    writeSync(big, noise(EDIT_LENGTH, `edit ${share}`), 0, EDIT_LENGTH, Math.floor(BIG_SIZE * share));
  }
  closeSync(big);
  for (const year of [2010, 2013, 2016]) {
    const name = `photos ${year}/picture-4.jpg`;
    appendFileSync(at(joinPath(root, name)), 'a new last line\n');
    changed.push(name);
  }
  mkdirSync(at(joinPath(root, 'added')));
  for (let i = 0; i < 5; i++) {
    const name = `added/new-${i}`;
    writeFileSync(at(joinPath(root, name)), noise(5000 + i, `new ${i}`));
    changed.push(name);
  }
  renameSync(at(joinPath(root, 'photos 2011')), at(joinPath(root, 'renamed')));
  rmSync(at(joinPath(root, 'photos 2019')), { recursive: true });
  unlinkSync(at(joinPath(root, 'photos 2015/picture-1.jpg')));
  rmdirSync(at(joinPath(root, 'empty')));
  writeFileSync(at(joinPath(root, 'empty')), 'a file now\n');
  unlinkSync(at(joinPath(root, 'links/dangling')));
  symlinkSync('elsewhere', at(joinPath(root, 'links/dangling')));
  changed.push('empty', 'links/dangling');
  chmodSync(at(joinPath(root, 'secret.txt')), 0o640);
  for (const name of changed) lutimesSync(at(joinPath(root, name)), SECOND_TIME, SECOND_TIME);
  setFolderTimes(root, SECOND_TIME);
}

function setTimes(path: ByteString, time: number): void {
  for (const entry of entriesOf(path)) {
    const child = joinPath(path, entry.name);
    if (entry.isDirectory()) setTimes(child, time);
    else lutimesSync(at(child), time, time);
  }
  utimesSync(at(path), time, time);
}

function setFolderTimes(path: ByteString, time: number): void {
  for (const entry of entriesOf(path)) if (entry.isDirectory()) setFolderTimes(joinPath(path, entry.name), time);
  utimesSync(at(path), time, time);
}

const entriesOf = (path: ByteString) => readdirSync(at(path), { withFileTypes: true, encoding: 'latin1' });
