import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stockRsync } from '../support/routes.ts';
import { driftline, DRIFTLINE_RSYNC, type Outcome, run } from '../support/run.ts';
import { type Case, words } from './case.ts';
import { excuseOutcome } from './excuses.ts';
import { buildTree, look, treeDifferences } from './tree.ts';

/** How long a run may take before it counts as hung, in milliseconds. */
const HUNG_MS = 60_000;

/**
 * Runs one case twice, with stock rsync at both ends and with Driftline at one (or, locally, instead), from equal
 * starts.
 * @param self runs stock rsync both times: what then differs is what this test cannot judge
 * @param excused called where rsync fails in a way from which nothing is to be learned; nothing differs then
 * @returns what differs, as text, or null when nothing does
 */
export async function judge(one: Case, self = false, excused: () => void = () => {}): Promise<string | null> {
  const folder = mkdtempSync(join(tmpdir(), 'driftline-fuzz-'));
  try {
    // A remote shell that stays here; as sshd does, it hands the joined words to a shell.
    const pipe = join(folder, 'pipe');
    writeFileSync(pipe, '#!/bin/sh\nshift\nexec sh -c "$*"\n');
    chmodSync(pipe, 0o755);
    const place = join(folder, 'aa');
    mkdirSync(place);
    const shell = (script: string): void => void execFileSync('bash', ['-ec', script], { stdio: 'pipe' });
    buildTree(join(place, 'src'), one.source, shell);
    if (one.destination !== null) buildTree(join(place, 'dst'), one.destination, shell);
    if (one.old !== null) buildTree(join(place, 'old'), one.old, shell);
    if (one.args.some((word) => word.startsWith('--temp-dir'))) mkdirSync(join(place, 'tmp'));
    if (one.list !== null) writeFileSync(join(place, 'list'), Buffer.from(one.list, 'latin1'));
    execFileSync('cp', ['-a', place, join(folder, 'bb')]);
    const since = now(folder);
    const stock = await runStock(one, place, pipe);
    if (excuseOutcome(one, stock) !== null) {
      excused();
      return null;
    }
    const ours = await (self ? runStock : runOurs)(one, join(folder, 'bb'), pipe);
    const differences = [...compareOutcomes(stock, ours, folder)];
    const seen = (name: string): Map<string, string> => look(join(folder, name), since, attributesOf(one));
    differences.push(...treeDifferences(seen('aa'), seen('bb')));
    if (differences.length === 0) return null;
    const said = (outcome: Outcome): string => shown(outcome.stderr.replaceAll(folder, '')).slice(0, 1500);
    return [...differences, `rsync said: ${said(stock)}`, `Driftline said: ${said(ours)}`].join('\n');
  } finally {
    execFileSync('chmod', ['-R', 'u+rwx', folder]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The clock of the file system, in milliseconds: it lags behind the system's. */
function now(folder: string): number {
  const file = join(folder, 'now');
  writeFileSync(file, '');
  const { mtimeMs } = statSync(file);
  rmSync(file);
  return Math.floor(mtimeMs) - 1000;
}

function runStock(one: Case, place: string, pipe: string): Promise<Outcome> {
  const shell = one.route === 'local' ? [] : ['-e', pipe, ...farProgram(one)];
  return run(nearProgram(one), [...shell, ...wordsAt(one, place)], { cwd: place, limitMs: HUNG_MS, env: ENV });
}

function runOurs(one: Case, place: string, pipe: string): Promise<Outcome> {
  const options = { cwd: place, limitMs: HUNG_MS, env: ENV };
  if (one.route.startsWith('served')) {
    return run(nearProgram(one), ['-e', pipe, `--rsync-path=${DRIFTLINE_RSYNC}`, ...wordsAt(one, place)], options);
  }
  return driftline(
    ['rsync', ...(one.route === 'local' ? [] : ['-e', pipe, ...farProgram(one)]), ...wordsAt(one, place)],
    options,
  );
}

const wordsAt = (one: Case, place: string): string[] => words(one).map((word) => word.replace('PLACE', place));

/** The stock rsync that stands for the user's command. */
const nearProgram = (one: Case): string => stockRsync(one.route.startsWith('served') ? one.release : '3.5');
/** How the stock rsync at the far end is reached. */
const farProgram = (one: Case): string[] => [
  `--rsync-path=${stockRsync(one.route.startsWith('served') ? '3.5' : one.release)}`,
];

const ENV = { RSYNC_RSH: '', RSYNC_PARTIAL_DIR: undefined, CVSIGNORE: undefined, HOME: '/nonexistent' };

const shown = (text: string): string =>
  text.replace(/[^\n -~]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** Lines that say something everyone would say: no rates, no bytes on the wire, which nobody promises to be equal. */
function linesOf(outcome: Outcome, folder: string): string[] {
  return outcome.stdout
    .replaceAll(join(folder, 'aa'), 'CWD')
    .replaceAll(join(folder, 'bb'), 'CWD')
    .split('\n')
    .filter(
      (line) =>
        !/^(done$|(receiving|building) file list|File list (size|generation|transfer)|Total bytes|sent [\d,.]|total size is .* speedup)/.test(
          line,
        ),
    )
    .map((line) => line.replace(/^(Literal|Matched) data: .*/, ''))
    .filter((line) => line !== '')
    .sort();
}

function* compareOutcomes(stock: Outcome, ours: Outcome, folder: string): Generator<string> {
  if (stock.code !== ours.code || stock.signal !== ours.signal) {
    yield `exit code: rsync ${stock.signal ?? stock.code}, Driftline ${ours.signal ?? ours.code}`;
  }
  // A usage error's text is ours; so is everything that follows from it.
  if (stock.code === 1 && ours.code === 1) return;
  if ((stock.stderr === '') !== (ours.stderr === '')) yield 'only one of the two wrote to standard error';
  const [expected, found] = [linesOf(stock, folder), linesOf(ours, folder)];
  for (const line of missing(expected, found)) yield `only rsync printed:     ${shown(line)}`;
  for (const line of missing(found, expected)) yield `only Driftline printed: ${shown(line)}`;
}

function missing(from: readonly string[], other: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of other) counts.set(line, (counts.get(line) ?? 0) + 1);
  return from.filter((line) => {
    const left = counts.get(line) ?? 0;
    if (left > 0) counts.set(line, left - 1);
    return left === 0;
  });
}

/** Extended attributes and ACLs of each path, where the case is about them. */
function attributesOf(one: Case): (root: string) => Map<string, string> {
  const commands: [string, string[]][] = [];
  if (one.args.includes('-X')) commands.push(['getfattr', ['-R', '-h', '-P', '-d', '-m', '^(user|trusted)\\.', '.']]);
  if (one.args.includes('-A')) commands.push(['getfacl', ['-R', '-P', '-n', '-p', '.']]);
  return (root) => {
    const found = new Map<string, string>();
    for (const [program, args] of commands) {
      const text = execFileSync(program, args, { cwd: root, encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'] });
      for (const block of text.split('\n\n')) {
        const [first, ...rest] = block.split('\n');
        const name = unescaped(first?.replace(/^# file: (\.\/)?/, '') ?? '');
        if (name !== '')
          found.set(name, `${found.get(name) ?? ''} ${rest.filter((line) => !line.startsWith('#')).join(' ')}`);
      }
    }
    return found;
  };
}

const unescaped = (name: string): string =>
  name.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
