import { weakSum } from '../../electron/engine/checksum/rolling.ts';
import { createBlockSum, createFileSum, loadChecksums } from '../../electron/engine/checksum/strong.ts';
import { Applier } from '../../electron/engine/delta/apply.ts';
import { Matcher } from '../../electron/engine/delta/match.ts';
import { SearchMemory } from '../../electron/engine/delta/search-memory.ts';
import { type BlockReader, SignatureTable, SignatureWriter } from '../../electron/engine/delta/signature.ts';
import type { SumHead } from '../../electron/engine/delta/sum-head.ts';

/** One measured loop; the rate is the best of several turns, in 10^6 bytes per second of CPU time (steadier than wall time). */
export interface MicroResult {
  name: string;
  megabytesPerSecond: number;
}

const MIB = 2 ** 20;
const TURNS = 5;
const STEP = MIB;
/** Block length and number of blocks, as in the table of search rates. */
const SEARCHES: [number, number][] = [
  [700, 1500],
  [700, 40_000],
  [16_384, 16_384],
  [131_072, 8192],
];

function bestOf(name: string, bytes: number, turn: () => void): MicroResult {
  let best = Infinity;
  for (let i = 0; i < TURNS; i++) {
    const start = process.cpuUsage();
    turn();
    const used = process.cpuUsage(start);
    best = Math.min(best, used.user + used.system);
  }
  return { name, megabytesPerSecond: bytes / best };
}

/** Bytes without structure, the same on every run (xorshift). */
function noise(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(length >> 2);
  let x = seed;
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x;
  }
  return new Uint8Array(words.buffer);
}

function readerOf(data: Uint8Array): BlockReader {
  return {
    read(into, offset, length, position) {
      const piece = data.subarray(position, position + length);
      into.set(piece, offset);
      return piece.length;
    },
  };
}

/** A table of noise: the search looks at weak sums only, so no basis needs to exist. */
function tableOfNoise(head: SumHead): SignatureTable {
  const table = new SignatureTable(head);
  const entries = noise(head.count * table.entryLength + 4, 77);
  table.add(entries, 0, entries.length);
  return table;
}

const SUMS = ['xxh128', 'xxh3', 'xxh64', 'md5'] as const;
const SEED = 12345;

/** Measures the hot loops alone, without files or network. */
export async function runMicro(): Promise<MicroResult[]> {
  await loadChecksums(SUMS, SEED);
  const results: MicroResult[] = [];
  const data = noise(32 * MIB, 1);
  const out = new Uint8Array(16);
  const memory = SearchMemory.open();
  if (memory?.reserve(data.length) !== true) throw new Error('This machine has no WebAssembly with vectors.');
  memory.data.set(data);

  for (const length of [700, 8192, 131_072]) {
    const bytes = data.length - (data.length % length);
    results.push(
      bestOf(`weak sum, ${length}`, bytes, () => {
        for (let at = 0; at < bytes; at += length) out[0]! ^= memory.weakSum(at, length);
      }),
      bestOf(`weak sum without WebAssembly, ${length}`, bytes, () => {
        for (let at = 0; at < bytes; at += length) out[0]! ^= weakSum(data, at, length);
      }),
    );
    for (const name of SUMS) {
      const sum = createBlockSum(name, SEED, { seedFirst: true });
      results.push(
        bestOf(`${name} block sum, ${length}`, bytes, () => {
          for (let at = 0; at < bytes; at += length) sum.sum(data, at, length, out, 0);
        }),
      );
    }
  }

  for (const name of SUMS) {
    const sum = createFileSum(name);
    results.push(
      bestOf(`${name} file sum`, data.length, () => {
        sum.reset();
        for (let at = 0; at < data.length; at += 262_144) sum.update(data, at, 262_144);
        sum.digest();
      }),
    );
  }

  const sum = createBlockSum('xxh64', 12345, { seedFirst: true });
  const fileSum = createFileSum('none');
  const nothing = { literal: () => {}, match: () => {} };
  for (const [blockLength, count] of SEARCHES) {
    const table = tableOfNoise({ count, blockLength, strongLength: 8, remainder: 0 });
    const matcher = new Matcher(nothing, sum);
    results.push(
      bestOf(`search without a match, ${blockLength} × ${count}`, data.length, () => {
        matcher.begin(readerOf(data), data.length, table, fileSum);
        while (matcher.step(STEP));
      }),
    );
  }

  for (const blockLength of [700, 5792, 131_072]) {
    const count = Math.floor(data.length / blockLength);
    const head = { count, blockLength, strongLength: 8, remainder: 0 };
    const basis = data.subarray(0, count * blockLength);
    const writer = new SignatureWriter(sum);
    const table = new SignatureTable(head);
    writer.begin(head, readerOf(basis));
    for (let part = writer.next(); part !== null; part = writer.next()) table.add(part, 0, part.length);
    results.push(
      bestOf(`signature, ${blockLength}`, basis.length, () => {
        writer.begin(head, readerOf(basis));
        while (writer.next() !== null);
      }),
    );
    const matcher = new Matcher(nothing, sum);
    const whole = createFileSum('xxh64');
    results.push(
      bestOf(`search of an unchanged file, ${blockLength}`, basis.length, () => {
        matcher.begin(readerOf(basis), basis.length, table, whole);
        while (matcher.step(STEP));
      }),
    );
    const applier = new Applier();
    results.push(
      bestOf(`rebuilding an unchanged file, ${blockLength}`, basis.length, () => {
        applier.begin(head, readerOf(basis), { write: () => {}, pass: () => {} }, whole);
        for (let i = 0; i < count; i++) applier.block(i);
        applier.finish();
      }),
    );
  }
  return results;
}
