import { fail } from '../../../shared/errors.ts';
import type { TransferOptions } from './transfer-options.ts';

interface Word {
  /** rsync's name in lower case. */
  readonly name: string;
  readonly help: string;
  /** Verbosity that turns it on, by level: `[1, 2]` is level 1 at `-v` and level 2 at `-vv`. */
  readonly at: readonly number[];
  /** Side that acts on it: where it is sent to on a server's command line. */
  readonly side?: 'client' | 'sender' | 'receiver' | 'both';
}

const INFO_WORDS: readonly Word[] = [
  { name: 'backup', help: 'Mention files backed up', at: [2], side: 'receiver' },
  { name: 'copy', help: 'Mention files copied locally on the receiving side', at: [1], side: 'receiver' },
  { name: 'del', help: 'Mention deletions on the receiving side', at: [1], side: 'receiver' },
  { name: 'flist', help: 'Mention file-list receiving/sending (levels 1-2)', at: [1], side: 'client' },
  { name: 'misc', help: 'Mention miscellaneous information (levels 1-2)', at: [1, 2], side: 'both' },
  { name: 'mount', help: 'Mention mounts that were found or skipped', at: [2], side: 'both' },
  { name: 'name', help: 'Mention 1) updated file/dir names, 2) unchanged names', at: [1, 2], side: 'both' },
  { name: 'nonreg', help: 'Mention skipped non-regular files (default 1, 0 disables)', at: [0], side: 'receiver' },
  { name: 'progress', help: 'Mention 1) per-file progress or 2) total transfer progress', at: [], side: 'client' },
  { name: 'remove', help: 'Mention files removed on the sending side', at: [2], side: 'sender' },
  { name: 'skip', help: 'Mention files skipped due to transfer overrides (levels 1-2)', at: [2], side: 'receiver' },
  { name: 'stats', help: 'Mention statistics at end of run (levels 1-3)', at: [1], side: 'both' },
  { name: 'symsafe', help: 'Mention symlinks that are unsafe', at: [1], side: 'both' },
];

const DEBUG_WORDS: readonly Word[] = [
  { name: 'acl', help: 'Debug extra ACL info', at: [3] },
  { name: 'backup', help: 'Debug backup actions (levels 1-2)', at: [3] },
  { name: 'bind', help: 'Debug socket bind actions', at: [2] },
  { name: 'chdir', help: 'Debug when the current directory changes', at: [5] },
  { name: 'connect', help: 'Debug connection events (levels 1-2)', at: [2, 3] },
  { name: 'cmd', help: 'Debug commands+options that are issued (levels 1-2)', at: [2, 4] },
  { name: 'del', help: 'Debug delete actions (levels 1-3)', at: [2, 3, 4] },
  { name: 'deltasum', help: 'Debug delta-transfer checksumming (levels 1-4)', at: [2, 3, 4, 5] },
  { name: 'dup', help: 'Debug weeding of duplicate names', at: [2] },
  { name: 'exit', help: 'Debug exit events (levels 1-3)', at: [3, 4] },
  { name: 'filter', help: 'Debug filter actions (levels 1-3)', at: [2, 3] },
  { name: 'flist', help: 'Debug file-list operations (levels 1-4)', at: [2, 3, 4, 5] },
  { name: 'fuzzy', help: 'Debug fuzzy scoring (levels 1-2)', at: [3, 5] },
  { name: 'genr', help: 'Debug generator functions', at: [3] },
  { name: 'hash', help: 'Debug hashtable code', at: [5] },
  { name: 'hlink', help: 'Debug hard-link actions (levels 1-3)', at: [5] },
  { name: 'iconv', help: 'Debug iconv character conversions (levels 1-2)', at: [2, 4] },
  { name: 'io', help: 'Debug I/O routines (levels 1-4)', at: [] },
  { name: 'nstr', help: 'Debug negotiation strings', at: [] },
  { name: 'own', help: 'Debug ownership changes in users & groups (levels 1-2)', at: [3, 4] },
  { name: 'proto', help: 'Debug protocol information', at: [4] },
  { name: 'recv', help: 'Debug receiver functions', at: [3] },
  { name: 'send', help: 'Debug sender functions', at: [3] },
  { name: 'time', help: 'Debug setting of modified times (levels 1-2)', at: [3, 4] },
];

const MAX_LEVEL = 4;

type Kind = 'info' | 'debug';
const WORDS: Readonly<Record<Kind, readonly Word[]>> = { info: INFO_WORDS, debug: DEBUG_WORDS };

/** Names that `--info` takes, for exact reading of levels. */
export type InfoName =
  | 'backup'
  | 'copy'
  | 'del'
  | 'flist'
  | 'misc'
  | 'mount'
  | 'name'
  | 'nonreg'
  | 'progress'
  | 'remove'
  | 'skip'
  | 'stats'
  | 'symsafe';

/**
 * Reads the words of one `--info` or `--debug` on top of those read before.
 * @returns the levels, or `help` if the list of words was asked for
 * @throws usage `bad-value` for a word rsync does not know
 */
export function readLevels(
  kind: Kind,
  text: string,
  before: ReadonlyMap<string, number>,
): Map<string, number> | 'help' {
  const levels = new Map(before);
  for (const word of text.split(',')) {
    if (word === '') continue;
    const [, letters = '', digits = ''] = /^(.*?)(\d*)$/s.exec(word)!;
    const name = letters.toLowerCase();
    const level = digits === '' ? 1 : Math.min(Number(digits), MAX_LEVEL);
    if (name === 'help') return 'help';
    if (name === 'all' || name === 'none') {
      for (const each of WORDS[kind]) levels.set(each.name, name === 'all' ? level : 0);
    } else if (WORDS[kind].some((each) => each.name === name)) levels.set(name, level);
    else throw fail('usage', 'bad-value', `Unknown --${kind} item: "${letters}"`);
  }
  return levels;
}

/** Level of one `--info` word, from the word itself or from the verbosity. */
export function infoLevel(
  options: Pick<TransferOptions, 'info' | 'verbose' | 'progress' | 'stats'>,
  name: InfoName,
): number {
  const asked = options.info.get(name);
  if (asked !== undefined) return asked;
  if (options.progress && (name === 'progress' || name === 'name')) return Math.max(1, levelAt(options.verbose, name));
  if (options.progress && name === 'flist') return 2;
  const level = levelAt(options.verbose, name);
  if (name === 'stats' && options.stats) return Math.max(level, options.verbose > 1 ? 3 : 2);
  return level;
}

/** What a verbosity stands for. */
function levelAt(verbose: number, name: InfoName): number {
  const word = INFO_WORDS.find((each) => each.name === name)!;
  let level = 0;
  for (const verbosity of word.at) if (verbose >= verbosity) level++;
  return level;
}

/** Level of one `--debug` word, from the word itself or from the verbosity. */
export function debugLevel(options: Pick<TransferOptions, 'debug' | 'verbose'>, name: 'deltasum' | 'cmd'): number {
  return (
    options.debug.get(name) ??
    DEBUG_WORDS.find((each) => each.name === name)!.at.filter((at) => options.verbose >= at).length
  );
}

/** The value of `--info` for a server's command line, or null if nothing there concerns it. */
export function infoForServer(info: ReadonlyMap<string, number>, serverSends: boolean): string | null {
  const concerned = INFO_WORDS.filter(({ side }) => side === 'both' || side === (serverSends ? 'sender' : 'receiver'));
  const given = concerned.filter(({ name }) => info.has(name));
  if (given.length === 0) return null;
  const words: string[] = [];
  let base: number | null = null;
  if (given.length === concerned.length) {
    const counts = new Map<number, number>();
    for (const { name } of given) counts.set(info.get(name)!, (counts.get(info.get(name)!) ?? 0) + 1);
    [base] = [...counts].reduce((most, each) => (each[1] > most[1] ? each : most));
    words.push(base === 0 ? 'NONE' : `ALL${base === 1 ? '' : base}`);
  }
  for (const { name } of given) {
    const level = info.get(name)!;
    if (level !== base) words.push(`${name.toUpperCase()}${level === 1 ? '' : level}`);
  }
  return words.join(',');
}

/** The text of `--info=help` or `--debug=help`. */
export function levelsHelp(kind: Kind): string {
  const words = WORDS[kind];
  const line = (name: string, help: string) => `${name.padEnd(10)} ${help}`;
  const added: string[] = [];
  for (let verbosity = 0; verbosity <= 5; verbosity++) {
    const names = words.flatMap(({ name, at }) => {
      const index = at.indexOf(verbosity);
      return index < 0 ? [] : [`${name.toUpperCase()}${index === 0 ? '' : index + 1}`];
    });
    if (names.length > 0) added.push(`${verbosity}) ${names.join(',')}`);
  }
  return [
    'Use OPT or OPT1 for level 1 output, OPT2 for level 2, etc.; OPT0 silences.',
    '',
    ...words.map(({ name, help }) => line(name.toUpperCase(), help)),
    '',
    line('ALL', `Set all --${kind} options (e.g. all4)`),
    line('NONE', `Silence all --${kind} options (same as all0)`),
    line('HELP', 'Output this help message'),
    '',
    'Options added at each level of verbosity:',
    ...added,
    '',
  ].join('\n');
}
