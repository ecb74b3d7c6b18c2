import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { peers } from '../support/peers.ts';
import { CLI } from '../support/run.ts';
import { BenchRun } from './bench-run.ts';
import { runMicro } from './micro.ts';
import { type Column, COLUMNS, describe, judge, type Outcome } from './outcome.ts';
import { CIPHER, type Rig, scratchParent, startRig } from './rig.ts';
import { ROWS } from './rows.ts';

const HELP = `npm run bench -- [options]
  --runs N        runs of each program (default 3)
  --only PATTERN  rows whose key matches this regular expression, long ones included
  --all           also the rows that take long, and scp and sftp of many files
  --column NAME   limits to judge by: ${COLUMNS.join(', ')} (default first)
  --micro         the hot loops alone, without files or network
  --json FILE     write all figures there
Rows: ${ROWS.map((row) => (row.long ? `(${row.key})` : row.key)).join(' ')}`;

interface Settings {
  runs: number;
  only: RegExp | null;
  all: boolean;
  column: Column;
  micro: boolean;
  json: string | null;
}

function readSettings(): Settings | null {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '3' },
      only: { type: 'string' },
      all: { type: 'boolean', default: false },
      column: { type: 'string', default: 'first' },
      micro: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1 || runs > 100) throw new Error(`--runs ${values.runs}: 1 to 100`);
  const column = COLUMNS.find((name) => name === values.column);
  if (column === undefined) throw new Error(`--column ${values.column}: one of ${COLUMNS.join(', ')}`);
  return {
    ...{ runs, column, all: values.all, micro: values.micro },
    only: values.only === undefined ? null : new RegExp(values.only),
    json: values.json ?? null,
  };
}

/** What the figures depend on beside the code. */
function machine(): Record<string, string> {
  const ssh2 = dirname(createRequire(import.meta.url).resolve('ssh2/package.json'));
  const native = existsSync(join(ssh2, 'lib/protocol/crypto/build/Release/sshcrypto.node'));
  return {
    processor: `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown'}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    system: `${process.platform} ${release()}`,
    node: process.version,
    rsync: peers().rsyncVersion,
    ssh: sshVersion(),
    'ssh2 ciphers': native ? 'native' : 'JavaScript',
    cipher: CIPHER,
    scratch: scratchParent(),
    'load before': loadavg()[0]!.toFixed(2),
  };
}

/** `ssh -V` writes to stderr. */
function sshVersion(): string {
  return execFileSync('sh', ['-c', 'exec "$0" -V 2>&1', peers().ssh], { encoding: 'utf8' }).trim();
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** Overwritten by the next; only a terminal sees it. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

async function benchmark(settings: Settings, rig: Rig): Promise<Outcome[]> {
  const { runs, all, only, column } = settings;
  const bench = new BenchRun({ rig, runs, all, progress });
  const outcomes: Outcome[] = [];
  for (const row of ROWS) {
    if (only === null ? row.long === true && !all : !only.test(row.key)) continue;
    const found = await row.run(bench);
    progress('');
    for (const outcome of found) describe(outcome, column).forEach(print);
    outcomes.push(...found);
  }
  return outcomes;
}

async function main(): Promise<number> {
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
  const facts = machine();
  for (const [name, value] of Object.entries(facts)) print(`${`${name}:`.padEnd(14)} ${value}`);
  const { runs, column } = settings;
  print(
    `median of ${runs}, programs in turns; wall time of the whole process, ×: driftline / rsync; column “${column}”\n`,
  );

  const rig = await startRig();
  // Nothing may stay in memory file systems, whatever ends us.
  const stop = (): void => void rig.stop().finally(() => process.exit(130));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  let outcomes: Outcome[];
  try {
    outcomes = await benchmark(settings, rig);
  } finally {
    await rig.stop();
  }
  const judged = outcomes.map((outcome) => ({ ...judge(outcome, column), outcome }));
  const missed = judged.filter(({ verdict }) => verdict === 'MISSED');
  print(
    missed.length === 0
      ? `\nColumn “${column}” is reached.`
      : `\nMissed: ${missed.map(({ label }) => label).join('; ')}`,
  );
  if (settings.json !== null) {
    writeFileSync(settings.json, `${JSON.stringify({ machine: facts, runs, column, rows: judged }, null, 2)}\n`);
  }
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  progress('');
  print(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
