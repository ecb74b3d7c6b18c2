import { type BigIntStats, closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { bytesToText, type ByteString, displayPath, joinPath } from '../../../shared/model/path.ts';

export interface Comparison {
  /** Entries found on either side, the two roots included. */
  entries: number;
  files: number;
  /** Content bytes compared. */
  bytes: number;
  /** One line each, safe to print; empty when the trees are equal. */
  differences: string[];
}

const CHUNK = 1 << 20;

/**
 * Compares two folders: names, types, contents byte for byte, permissions, modification times and link targets.
 * Independent of the engine on purpose. Throws the system's error where a side cannot be read.
 *
 * @param a path bytes of the first folder
 * @param b path bytes of the second folder
 */
export function compareTrees(a: ByteString, b: ByteString): Comparison {
  const result: Comparison = { entries: 0, files: 0, bytes: 0, differences: [] };
  const buffers: [Buffer, Buffer] = [Buffer.allocUnsafe(CHUNK), Buffer.allocUnsafe(CHUNK)];
  const visit = (name: ByteString): void => {
    const [pathA, pathB] = [joinPath(a, name), joinPath(b, name)];
    const [statA, statB] = [stat(pathA), stat(pathB)];
    const differ = (what: string): void =>
      void result.differences.push(`${displayPath(bytesToText(name || '.'))}: ${what}`);
    result.entries++;
    if (statA === null || statB === null)
      return differ(statA === null ? 'only on the destination' : 'missing on the destination');
    const type = typeOf(statA);
    if (type !== typeOf(statB)) return differ(`is a ${type} and a ${typeOf(statB)}`);
    // The permissions of a link mean nothing, and not every system lets one set them.
    if (type !== 'link' && statA.mode !== statB.mode) differ(`mode ${octal(statA)} and ${octal(statB)}`);
    if (statA.mtimeNs !== statB.mtimeNs) differ(`time ${statA.mtimeNs} and ${statB.mtimeNs} ns`);
    if (type === 'link') {
      if (target(pathA) !== target(pathB)) differ('the links lead elsewhere');
    } else if (type === 'file') {
      result.files++;
      const at = statA.size === statB.size ? firstDifference(pathA, pathB, buffers) : 0;
      if (statA.size !== statB.size) differ(`${statA.size} and ${statB.size} bytes`);
      else if (at >= 0) differ(`contents differ at byte ${at}`);
      result.bytes += Number(statA.size);
    } else if (type === 'folder') {
      for (const child of new Set([...names(pathA), ...names(pathB)])) visit(joinPath(name, child));
    }
  };
  visit('');
  return result;
}

const native = (path: ByteString): Buffer => Buffer.from(path, 'latin1');
const names = (path: ByteString): string[] => readdirSync(native(path), { encoding: 'latin1' });
const target = (path: ByteString): string => readlinkSync(native(path), { encoding: 'latin1' });
const octal = (stats: BigIntStats): string => (stats.mode & 0o7777n).toString(8);

function stat(path: ByteString): BigIntStats | null {
  return lstatSync(native(path), { bigint: true, throwIfNoEntry: false }) ?? null;
}

function typeOf(stats: BigIntStats): string {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'link' : 'special file';
}

/** Offset of the first byte that is not equal, or -1. The files have the same size. */
function firstDifference(a: ByteString, b: ByteString, [left, right]: [Buffer, Buffer]): number {
  const fds = [openSync(native(a), 'r'), openSync(native(b), 'r')] as const;
  try {
    for (let at = 0; ;) {
      const length = fill(fds[0], left, at);
      const other = fill(fds[1], right, at);
      const shared = Math.min(length, other);
      if (left.compare(right, 0, shared, 0, shared) !== 0) {
        let i = 0;
        while (left[i] === right[i]) i++;
        return at + i;
      }
      if (length !== other) return at + shared;
      if (length === 0) return -1;
      at += length;
    }
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

/** Reads until the buffer is full or the file ends. */
function fill(fd: number, buffer: Buffer, position: number): number {
  let filled = 0;
  while (filled < buffer.length) {
    const length = readSync(fd, buffer, filled, buffer.length - filled, position + filled);
    if (length === 0) break;
    filled += length;
  }
  return filled;
}
