import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { onStopSignals } from '../../electron/cli/signals.ts';
import { CLI } from '../support/run.ts';
import { BenchRun } from './bench-run.ts';
import { describeComparison, type Earlier, FORMAT, readEarlier, recordOf } from './compare.ts';
import { machine } from './machine.ts';
import { runMicro } from './micro.ts';
import { type Column, COLUMNS, describe, judge, type Outcome, table } from './outcome.ts';
import { otherScratch, type Rig, scratchParent, startRig } from './rig.ts';
import { ROWS } from './rows.ts';
import { TARGET } from './transfer-rows.ts';

const HELP = `npm run bench -- [options]
  --runs N        runs of each program (default 5)
  --only PATTERN  rows whose key matches this regular expression, long ones included
  --all           also the rows that take long, and scp and sftp of many files
  --column NAME   limits to judge by: ${COLUMNS.join(', ')} (default first)
  --json FILE     write all figures there
  --against FILE  compare with what --json wrote earlier
  --scratch DIR   where the data lies (default: ${scratchParent()})
  --micro         the hot loops alone, without files or network
Rows (long ones in parentheses): ${ROWS.map((row) => (row.long ? `(${row.key})` : row.key)).join(' ')}`;

interface Settings {
  runs: number;
  only: RegExp | null;
  all: boolean;
  column: Column;
  micro: boolean;
  json: string | null;
  against: { name: string; earlier: Earlier } | null;
  scratch: string;
}

function readSettings(): Settings | null {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '5' },
      only: { type: 'string' },
      all: { type: 'boolean', default: false },
      column: { type: 'string', default: 'first' },
      micro: { type: 'boolean', default: false },
      json: { type: 'string' },
      against: { type: 'string' },
      scratch: { type: 'string', default: scratchParent() },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1 || runs > 100) throw new Error(`--runs ${values.runs}: 1 to 100`);
  const column = COLUMNS.find((name) => name === values.column);
  if (column === undefined) throw new Error(`--column ${values.column}: one of ${COLUMNS.join(', ')}`);
  const only = values.only === undefined ? null : new RegExp(values.only);
  if (only !== null && !ROWS.some((row) => only.test(row.key))) throw new Error(`--only ${values.only}: no such row`);
  const against = values.against;
  return {
    ...{ runs, column, only, all: values.all, micro: values.micro, scratch: values.scratch },
    json: values.json ?? null,
    // Before anything is measured: it would be a pity afterwards.
    against:
      against === undefined ? null : { name: against, earlier: readEarlier(readFileSync(against, 'utf8'), against) },
  };
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** Overwritten by the next; only a terminal sees it. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

/** Measures row by row; one that fails is an outcome as well. */
async function* benchmark(settings: Settings, rig: Rig, signal: AbortSignal): AsyncGenerator<Outcome[]> {
  const { runs, all, only } = settings;
  const bench = new BenchRun({ rig, runs, all, signal, progress });
  for (const { key, label, long = false, needs, run } of ROWS) {
    if (only?.test(key) === false) continue;
    if (only === null && long && !all) {
      yield [{ kind: 'note', label, text: `not run: takes long (--all or --only ${key})` }];
      continue;
    }
    try {
      const lacking = needs === undefined ? null : await bench.makeRoom(needs);
      yield lacking === null ? await run(bench) : [{ kind: 'note', label, text: lacking }];
    } catch (error) {
      signal.throwIfAborted();
      yield [{ kind: 'failed', label, text: error instanceof Error ? error.message : String(error) }];
      await bench.forget(TARGET);
    }
  }
}

/** @returns the exit code */
async function main(signal: AbortSignal): Promise<number> {
  const settings = readSettings();
  if (settings === null) {
    print(HELP);
    return 0;
  }
  if (settings.micro) {
    for (const { name, megabytesPerSecond } of await runMicro())
      print(`${name.padEnd(40)} ${megabytesPerSecond.toFixed(0).padStart(7)} MB/s`);
    return 0;
  }
  if (!existsSync(CLI)) throw new Error(`${CLI} is not there; npm run build makes it`);
  const { runs, column, json, against, scratch } = settings;
  const facts = machine(scratch);
  for (const [name, value] of Object.entries(facts)) print(`${`${name}:`.padEnd(14)} ${value}`);
  for (const path of otherScratch(scratch)) print(`Another benchmark is using this folder, or was killed: ${path}`);
  print(
    `median of ${runs}, programs in turns; wall time of the whole process, ×: driftline / rsync; column “${column}”\n`,
  );

  const started = performance.now();
  const outcomes: Outcome[] = [];
  const rig = await startRig(scratch);
  try {
    for await (const found of benchmark(settings, rig, signal)) {
      progress('');
      for (const outcome of found) describe(outcome, column).forEach(print);
      outcomes.push(...found);
      // After each row, so that what ends the benchmark early costs the rest alone.
      if (json !== null) writeFileSync(json, `${JSON.stringify(report(facts, settings, outcomes), null, 2)}\n`);
    }
  } finally {
    await rig.stop();
  }

  print('');
  table(outcomes, column).forEach(print);
  if (against !== null) {
    print('');
    describeComparison(against.earlier, against.name, facts, recordOf(outcomes)).forEach(print);
  }
  const verdicts = outcomes.map((outcome) => judge(outcome, column));
  const labels = (verdict: string): string =>
    verdicts.flatMap((judged) => (judged.verdict === verdict ? [judged.label] : [])).join('; ');
  const [missed, failed] = [labels('MISSED'), labels('FAILED')];
  print('');
  print(missed === '' ? `Column “${column}” is reached by all rows that were measured.` : `Missed: ${missed}`);
  if (failed !== '') print(`Failed: ${failed}`);
  const minutes = (performance.now() - started) / 60_000;
  print(`${outcomes.length} rows in ${minutes.toFixed(1)} minutes`);
  return failed === '' ? 0 : 1;
}

function report(facts: Record<string, string>, { runs, column }: Settings, outcomes: readonly Outcome[]): unknown {
  const rows = outcomes.map((outcome) => ({ ...judge(outcome, column), outcome }));
  return { format: FORMAT, machine: facts, runs, column, figures: recordOf(outcomes), rows };
}

/** Whatever signal it was. */
const STOPPED = 130;

const stopping = new AbortController();
// Whoever asks twice gets it at once: programs and scratch folders go in handlers of `exit`.
onStopSignals(() => stopping.abort(new Error('Stopped by a signal.')));
try {
  process.exitCode = await main(stopping.signal);
} catch (error) {
  progress('');
  print(error instanceof Error ? error.message : String(error));
  process.exitCode = stopping.signal.aborted ? STOPPED : 1;
}
process.exit();
