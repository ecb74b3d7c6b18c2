import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { escapeForTerminal } from '../../electron/cli/rsync/escape.ts';
import { quoteLiteralCommand } from '../../electron/engine/handshake/server-args.ts';
import { previewTransfer } from '../../electron/engine/mirror.ts';
import { parseClientWords } from '../../electron/engine/options/parse.ts';
import { spawnTransport } from '../../electron/engine/transport/command.ts';
import { itemize } from '../../shared/itemize.ts';
import { PlanReader } from '../../shared/plan-codec.ts';
import { stockRsync } from '../support/routes.ts';
import { run } from '../support/run.ts';
import { generateTree, olderTree } from './generate-tree.ts';
import { generateRule } from './options.ts';
import { Random } from './random.ts';
import { buildTree, quote, treeScript, type Entry } from './tree.ts';

/** One preview on one pair of trees: our plan against `rsync -n -i`, with options that a profile can have. */
export interface PlannerCase {
  seed: number;
  direction: 'push' | 'pull' | 'local';
  args: string[];
  contentsOnly: boolean;
  source: Entry[];
  /** A second source folder, or null. */
  second: Entry[] | null;
  /** null: the destination does not exist. */
  destination: Entry[] | null;
}

/** Probability and words: the rows of shared/option-words.ts that decide about items. */
const EXTRAS: readonly (readonly [number, readonly (readonly string[])[]])[] = [
  [0.55, [['--delete']]],
  [0.12, [['--checksum']]],
  [0.08, [['--update']]],
  [0.06, [['--ignore-times']]],
  [0.06, [['--size-only']]],
  [0.06, [['--modify-window=1'], ['--modify-window=-1']]],
  [0.08, [['--existing'], ['--ignore-existing']]],
  [0.08, [['--max-size=700'], ['--min-size=100'], ['--max-size=1K', '--min-size=1']]],
  [0.08, [['--prune-empty-dirs']]],
  [0.04, [['--one-file-system']]],
  [0.05, [['--no-links']]],
  [0.05, [['--copy-links']]],
  [0.04, [['--copy-unsafe-links']]],
  [0.04, [['--copy-dirlinks']]],
  [0.05, [['--safe-links']]],
  [0.06, [['--no-perms'], ['--no-perms', '--executability'], ['--executability']]],
  [0.08, [['--chmod=D700,F600'], ['--chmod=u+x,go-w'], ['--chmod=a+rX']]],
  [0.06, [['--no-owner'], ['--no-group'], ['--no-owner', '--no-group']]],
  [0.05, [['--no-times']]],
  [0.05, [['--omit-dir-times']]],
  [0.03, [['--omit-link-times']]],
  [0.05, [['--no-specials'], ['--no-devices']]],
  [0.06, [['--numeric-ids']]],
  [0.05, [['--delete', '--delete-excluded']]],
  [0.04, [['--partial-dir=.partial']]],
  [0.04, [['--fuzzy'], ['--inplace'], ['--delay-updates'], ['--whole-file']]],
];

export function generatePlannerCase(seed: number): PlannerCase {
  const random = new Random(seed ^ 0x2545f491);
  for (let n = 0; n < 5; n++) random.next();
  const wishes = {
    ...{ hardLinks: false, xattrs: false, acls: false, fractions: random.chance(0.4) },
    ...{ depth: random.int(1, 4), entries: random.chance(0.75) ? random.int(1, 12) : random.int(12, 40) },
  };
  const source = generateTree(random, wishes);
  const second = random.chance(0.15) ? olderTree(random, source, wishes) : null;
  const destination = random.chance(0.15) ? null : olderTree(random, source, wishes);
  const args: string[] = [];
  for (const [probability, choices] of EXTRAS) if (random.chance(probability)) args.push(...random.pick(choices));
  const names = source.map(({ path }) => path);
  if (random.chance(0.35)) for (let n = random.int(1, 3); n > 0; n--) args.push('-f', generateRule(random, names));
  const direction = random.pick(['push', 'pull', 'local'] as const);
  return { seed, direction, args, contentsOnly: random.chance(0.75), source, second, destination };
}

/** The words of both: archive mode, then the options. */
const wordsOf = ({ args }: PlannerCase): string[] => ['-a', ...args];

function commandOf(one: PlannerCase): string[] {
  const slash = one.contentsOnly ? '/' : '';
  const far = one.direction === 'pull' ? 'peer:' : '';
  const sources = ['src', ...(one.second ? ['src2'] : [])].map((name) => `${far}${name}${slash}`);
  return [...wordsOf(one), ...sources, one.direction === 'push' ? 'peer:dst/' : 'dst/'];
}

export function plannerScript(one: PlannerCase): string {
  return [
    '#!/usr/bin/env bash',
    `# planner seed ${one.seed}, ${one.direction}`,
    `printf '#!/bin/sh\\nshift\\nexec sh -c "$*"\\n' > pipe; chmod 755 pipe; export RSYNC_RSH="$PWD/pipe"`,
    ...treeScript('src', one.source),
    ...(one.second ? treeScript('src2', one.second) : []),
    ...(one.destination ? treeScript('dst', one.destination) : []),
    `rsync -n -i ${commandOf(one).map(quote).join(' ')}`,
    '',
  ].join('\n');
}

export interface PlanVerdict {
  /** Lines that rsync printed; null where the case cannot be judged. */
  lines: number | null;
  /** What differs between our plan and what rsync says it would do, or null when nothing does. */
  difference: string | null;
}

export async function judgePlan(one: PlannerCase): Promise<PlanVerdict> {
  const folder = mkdtempSync(join(tmpdir(), 'driftline-planner-'));
  try {
    const pipe = join(folder, 'pipe');
    writeFileSync(pipe, '#!/bin/sh\nshift\nexec sh -c "$*"\n');
    chmodSync(pipe, 0o755);
    const shell = (script: string): void => void execFileSync('bash', ['-ec', script], { stdio: 'pipe' });
    mkdirSync(join(folder, 'at'));
    const at = (name: string): string => join(folder, 'at', name);
    buildTree(at('src'), one.source, shell);
    if (one.second) buildTree(at('src2'), one.second, shell);
    if (one.destination) buildTree(at('dst'), one.destination, shell);
    const stock = await run(
      stockRsync('3.5'),
      ['-n', '-8', '--out-format=%i %n', ...(one.direction === 'local' ? [] : ['-e', pipe]), ...commandOf(one)],
      { cwd: join(folder, 'at'), limitMs: 60_000 },
    );
    if (stock.code !== 0 && stock.code !== 23) return NOT_JUDGED; // rsync refuses the command or the trees
    const expected = stock.stdout.split('\n').filter((line) => /^([<>ch.*][fdLDS]|\*deleting)/.test(line));
    const { lines, issues } = await planOf(one, at, pipe);
    if (stock.code === 23 && issues > 0) return NOT_JUDGED; // both could not list everything; then nothing is deleted here
    const differences = [
      ...missing(expected, lines).map((line) => `only rsync would:     ${line}`),
      ...missing(lines, expected).map((line) => `only Driftline would: ${line}`),
    ];
    const said = `rsync said: ${stock.stderr.slice(0, 500)}`;
    return { lines: expected.length, difference: differences.length === 0 ? null : [...differences, said].join('\n') };
  } finally {
    execFileSync('chmod', ['-R', 'u+rwx', folder]);
    rmSync(folder, { recursive: true, force: true });
  }
}

const NOT_JUDGED: PlanVerdict = { lines: null, difference: null };

async function planOf(
  one: PlannerCase,
  at: (name: string) => string,
  pipe: string,
): Promise<{ lines: string[]; issues: number }> {
  const bytes = wordsOf(one).map((word) => Buffer.from(word, 'utf8').toString('latin1')); // as a program gets them
  const { options } = parseClientWords(bytes, () => '');
  const { signal } = new AbortController();
  const preview = await previewTransfer(
    {
      direction: one.direction,
      sources: [at('src'), ...(one.second ? [at('src2')] : [])],
      destination: at('dst'),
      contentsOnly: one.contentsOnly,
      options: { ...options, checksumChoice: options.checksum ? 'md5' : options.checksumChoice },
      startPeer: (words) =>
        Promise.resolve(
          spawnTransport([pipe, 'peer'], [quoteLiteralCommand(stockRsync('3.5'), words)], 'peer', signal),
        ),
      remoteUser: 'root',
      journalDir: null,
    },
    { signal, onEvent: () => undefined },
  );
  const reader = new PlanReader(preview.plan);
  const lines: string[] = [];
  for (let row = 0; row < reader.length; row++) {
    const { name, kind, action, iflags, source, destination } = reader.item(row);
    const shown = `${escapeForTerminal(name, true, true)}${kind === 'dir' ? '/' : ''}`;
    const mode = (source ?? destination)!.mode;
    const direction = one.direction === 'push' ? 'send' : 'recv';
    lines.push(
      action === 'delete'
        ? `*deleting   ${shown}`
        : `${itemize({ iflags, mode, direction }, { times: options.times })} ${name === '.' ? './' : shown}`,
    );
  }
  return { lines, issues: preview.sourceIssues + preview.destinationIssues };
}

function missing(from: readonly string[], other: readonly string[]): string[] {
  const known = new Set(other);
  return from.filter((line) => !known.has(line));
}
