import type { ByteString } from '../../../shared/model/path.ts';
import type { ListedEntry } from '../../engine/events.ts';
import type { TransferOptions } from '../../engine/options/transfer-options.ts';
import { humanNumber } from './numbers.ts';

const TYPE_LETTERS: Readonly<Record<number, string>> = {
  0o040000: 'd',
  0o120000: 'l',
  0o020000: 'c',
  0o060000: 'b',
  0o010000: 'p',
  0o140000: 's',
};

/** The ten characters of `ls -l`. */
export function permissionText(mode: number): string {
  const group = (shift: number, special: number, letter: string): string => {
    const bits = mode >> shift;
    const run = (bits & 1) !== 0;
    const last = (mode & special) === 0 ? (run ? 'x' : '-') : run ? letter : letter.toUpperCase();
    return ((bits & 4) !== 0 ? 'r' : '-') + ((bits & 2) !== 0 ? 'w' : '-') + last;
  };
  const type = TYPE_LETTERS[mode & 0o170000] ?? '-';
  return type + group(6, 0o4000, 's') + group(3, 0o2000, 's') + group(0, 0o1000, 't');
}

/** `YYYY/MM/DD hh:mm:ss` in local time. */
export function timeText(seconds: number): string {
  const date = new Date(seconds * 1000);
  const pad = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}/${pad(date.getMonth() + 1)}/${pad(date.getDate())}`;
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/** One line of `--list-only`, not yet escaped for a terminal. */
export function listingLine(entry: ListedEntry, options: TransferOptions): ByteString {
  const { humanReadable } = options;
  const size = humanNumber(entry.size, humanReadable).padStart(humanReadable > 0 ? 14 : 11);
  const dir = (entry.mode & 0o170000) === 0o040000;
  const atime = options.atimes > 0 ? ` ${dir ? ' '.repeat(19) : timeText(entry.atime)}` : '';
  const crtime = options.crtimes ? ` ${timeText(entry.crtime)}` : '';
  const target = entry.link === null || entry.link === '' ? '' : ` -> ${entry.link}`;
  return `${permissionText(entry.mode)} ${size} ${timeText(entry.mtime)}${atime}${crtime} ${entry.name}${target}`;
}
