import { randomBytes } from 'node:crypto';
import type { ByteString } from '../../../shared/model/path.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const RANDOM_LENGTH = 6;
/** The longest name Linux, macOS and Windows file systems take, in bytes. */
const MAX_NAME = 255;
const PATTERN = /^[^/\0]*\.[a-zA-Z0-9]{6}$/;

let pool = Buffer.alloc(0);
let used = 0;

/**
 * The name of a temporary entry for `name`: `.NAME.XXXXXX`, as rsync names them. A leading dot is not doubled; a long
 * name is cut at a UTF-8 boundary so that the result has at most 255 bytes (faults.md D14).
 * @param apart whether it lies in a folder for temporary entries only (`--temp-dir`): then nothing has to be hidden
 */
export function tempName(name: ByteString, apart = false): ByteString {
  let stem = !apart && name.startsWith('.') ? name.slice(1) : name;
  const dot = apart ? '' : '.';
  const room = MAX_NAME - RANDOM_LENGTH - 1 - dot.length;
  if (stem.length > room) {
    let cut = room;
    // Continuation bytes are 10xxxxxx; more than three in a row are not UTF-8 and have no boundary to keep.
    while (cut > room - 3 && (stem.charCodeAt(cut) & 0xc0) === 0x80) cut--;
    stem = stem.slice(0, cut);
  }
  return `${dot}${stem}.${randomLetters()}`;
}

/** Whether a name could be one of ours: a journal never makes us touch any other. */
export function looksTemporary(name: ByteString): boolean {
  return PATTERN.test(name);
}

function randomLetters(): string {
  let out = '';
  while (out.length < RANDOM_LENGTH) {
    if (used === pool.length) {
      pool = randomBytes(4096);
      used = 0;
    }
    const value = pool[used++]!;
    // 248 = 4 × 62: larger values would make the first letters likelier.
    if (value < 248) out += LETTERS[value % 62]!;
  }
  return out;
}
