import { join } from 'node:path';
import { type BenchRun, type Direction, ends, GIB } from './bench-run.ts';
import type { Command } from './measure.ts';
import type { Limits, Outcome } from './outcome.ts';
import type { Route } from './rig.ts';

/** What a row of transfers is about. */
export interface Workload {
  label: string;
  direction: Direction;
  source: string;
  limits: Limits;
  route?: Route;
  /** What else copies it, for orientation. `scp` needs minutes for many files: those do with `--all` alone. */
  others?: 'always' | 'with --all' | 'never';
}

export const TARGET = 'target';

/** A copy into an empty folder. */
export async function firstCopy(bench: BenchRun, workload: Workload): Promise<Outcome> {
  const { label, direction, source, limits, route, others = 'never' } = workload;
  const { rig } = bench;
  const target = bench.path(TARGET);
  const args = ['-a', ...ends(direction, `${source}/`, `${target}/`)];
  const outcome = await bench.contest({
    ...{ label, limits },
    prepare: () => bench.empty(target),
    ours: rig.driftline(args, route),
    stock: rig.rsync(args, 'same', route),
    others:
      others === 'always' || (others === 'with --all' && bench.all)
        ? otherPrograms(bench, direction, source, args)
        : {},
    check: () => bench.mustBeEqual(source, target),
  });
  await bench.forget(TARGET);
  return outcome;
}

/** The same transfer again, with nothing to do. */
export async function unchanged(bench: BenchRun, workload: Workload): Promise<Outcome> {
  const { label, direction, source, limits, route } = workload;
  const { rig } = bench;
  const target = bench.path(TARGET);
  await bench.copy(source, target);
  const args = ['-a', ...ends(direction, `${source}/`, `${target}/`)];
  const outcome = await bench.contest({
    ...{ label, limits },
    ours: rig.driftline(args, route),
    stock: rig.rsync(args, 'same', route),
  });
  await bench.forget(TARGET);
  return outcome;
}

/** 1 GiB of which the other side has all but 1 %, in 400 places. */
export async function delta(bench: BenchRun, direction: Direction): Promise<Outcome> {
  const { rig } = bench;
  const [basis, source, target] = [await bench.big(), await bench.bigEdited(), bench.path(TARGET)];
  const args = ['-a', ...ends(direction, `${source}/`, `${target}/`)];
  const outcome = await bench.contest({
    label: `delta ${direction}, 1 GiB, 1 % in 400 places`,
    limits: { first: 3, then: 1.2, goal: 1 },
    prepare: () => bench.copy(basis, target),
    ours: rig.driftline(args),
    stock: rig.rsync(args),
    others: { 'rsync, ssh’s cipher': rig.rsync(args, 'default') },
    check: () => bench.mustBeEqual(source, target),
  });
  await bench.forget(TARGET);
  return outcome;
}

const EDITS = 400;

/** Literal bytes of the same delta by `--stats`, with one checksum and the file's usual block size on both. */
export async function literalBytes(bench: BenchRun, direction: Direction): Promise<Outcome> {
  const { rig } = bench;
  const [basis, source, target] = [await bench.big(), await bench.bigEdited(), bench.path(TARGET)];
  const args = ['-a', '--stats', '--checksum-choice=xxh64', ...ends(direction, `${source}/`, `${target}/`)];
  const literal = async (command: Command): Promise<number> => {
    await bench.copy(basis, target);
    const { stdout } = await bench.measure(command);
    const match = /^Literal data: ([\d,.]+)/m.exec(stdout);
    if (match === null) throw new Error(`--stats of ${command.program} names no literal data:\n${stdout}`);
    return Number(match[1]!.replace(/[,.]/g, ''));
  };
  bench.say(`literal bytes, ${direction}`);
  const [ours, stock] = [await literal(rig.driftline(args)), await literal(rig.rsync(args))];
  await bench.forget(TARGET);
  // rsync's block length: the square root of the size, a multiple of 8.
  const block = Math.sqrt(GIB);
  return {
    kind: 'figure',
    label: `literal bytes, delta ${direction}: blocks per edit apart`,
    limits: { first: 1, then: 1, goal: 1 },
    samples: [Math.abs(ours - stock) / block / EDITS],
    exact: true,
    unit: 'blocks',
    note: `driftline ${ours.toLocaleString('en-US')}, rsync ${stock.toLocaleString('en-US')} bytes`,
  };
}

/** Other ways to copy a folder. */
function otherPrograms(bench: BenchRun, direction: Direction, source: string, args: string[]): Record<string, Command> {
  const { rig } = bench;
  const target = bench.path(TARGET);
  if (direction === 'local') return { 'cp -a': { program: 'cp', args: ['-a', `${source}/.`, target] } };
  const copied = join(target, 'copied');
  const line = direction === 'push' ? `put -R ${source} ${copied}` : `get -R ${source} ${copied}`;
  return {
    'rsync, ssh’s cipher': rig.rsync(args, 'default'),
    'scp -r': rig.scp(['-r', ...ends(direction, source, copied)]),
    'sftp -r': rig.sftp([line]),
  };
}
