import { readFileSync } from 'node:fs';
import { displayPath } from '../../../shared/model/path.ts';
import { homeFolder, storeFileOf } from '../../service/home.ts';
import type { OptionSpec, WordKind } from './spec.ts';
import { COMMAND_NAMES, type CommandName, findCommand, FIRST_WORDS, GENERAL_OPTIONS, specOf } from './table.ts';

/** What the shell is to offer: words, and names of files or folders beside them. */
export interface Completion {
  mode: 'words' | 'files' | 'folders';
  candidates: { word: string; about: string }[];
}

const NOTHING: Completion = { mode: 'words', candidates: [] };

/**
 * Completes the last of the words behind `driftline`; it may be empty. Reads the store without locks, and says nothing
 * rather than what is wrong.
 */
export async function complete(words: readonly string[]): Promise<Completion> {
  const typed = words.slice(0, -1);
  const current = words.at(-1) ?? '';
  const assigned = /^(--[^=]+)=(.*)$/s.exec(current);
  if (assigned !== null && findCommand(typed)) {
    const [, option = '', value = ''] = assigned;
    const { mode, candidates } = await complete([...typed, option, value]);
    return { mode, candidates: candidates.map(({ word, about }) => ({ word: `${option}=${word}`, about })) };
  }
  const { mode, candidates } = await offer(typed, current);
  return { mode, candidates: candidates.filter(({ word }) => word.startsWith(current) && !/[\n\t]/.test(word)) };
}

async function offer(before: readonly string[], current: string): Promise<Completion> {
  const typed = before.filter((word) => word !== '--json');
  const found = findCommand(typed);
  if (found === null) return typed.length === 0 ? plain(FIRST_WORDS.map((word) => [word, aboutFirst(word)])) : NOTHING;
  if ('group' in found) return typed.length === 1 ? membersOf(found.group) : NOTHING;
  const { args, options } = specOf(found.name);
  if (found.name === 'rsync') return rsyncWords(current);
  const state = readState(found.rest, options);
  if (state.valueOf !== null) return wordsOf(state.valueOf.kind ?? 'text', state.valueOf.choices, [], current);
  if (current.startsWith('-')) {
    const own = Object.entries(options).filter(([name, { multiple }]) => multiple === true || !state.given.has(name));
    return plain([
      ...own.map(([name, { help }]): [string, string] => [`--${name}`, help]),
      ...Object.entries(GENERAL_OPTIONS).map(([name, help]): [string, string] => [`--${name}`, help]),
    ]);
  }
  const last = args.at(-1);
  const next = args[state.names] ?? (last?.rest === true ? last : undefined);
  return next === undefined ? NOTHING : wordsOf(next.kind, next.choices, found.rest, current);
}

/** Which options were given, how many names, and the option whose value is being typed. */
function readState(words: readonly string[], options: Readonly<Record<string, OptionSpec>>) {
  const given = new Set<string>();
  let names = 0;
  let valueOf: OptionSpec | null = null;
  for (const word of words) {
    if (valueOf !== null) valueOf = null;
    else if (word.startsWith('--')) {
      const name = word.slice(2).split('=', 1)[0]!;
      given.add(name);
      const spec = Object.hasOwn(options, name) ? options[name]! : null;
      if (spec?.type === 'string' && !word.includes('=')) valueOf = spec;
    } else if (!word.startsWith('-')) names++;
  }
  return { given, names, valueOf };
}

async function wordsOf(
  kind: WordKind,
  choices: readonly string[] | undefined,
  before: readonly string[],
  current: string,
): Promise<Completion> {
  if (choices !== undefined) return plain(choices.map((word) => [word, '']));
  switch (kind) {
    case 'text':
      return NOTHING;
    case 'file':
      return { mode: 'files', candidates: [] };
    case 'folder':
      return { mode: 'folders', candidates: [] };
    case 'profile':
      return plain(saved('profiles').map((name) => [name, 'profile']));
    case 'host':
      return plain(saved('hosts').map((name) => [name, 'host']));
    case 'place':
      return places('folders', current);
    case 'setting': {
      const { DEFAULT_SETTINGS } = await import('../../../shared/model/settings.ts');
      return plain(Object.keys(DEFAULT_SETTINGS).map((name) => [name, '']));
    }
    case 'command': {
      if (before.length === 0) return plain(FIRST_WORDS.map((word) => [word, aboutFirst(word)]));
      const group = before.length === 1 ? findCommand(before) : null;
      return group !== null && 'group' in group ? membersOf(group.group) : NOTHING;
    }
    case 'rsync':
      return places('files', current);
  }
}

async function rsyncWords(current: string): Promise<Completion> {
  if (!current.startsWith('-')) return places('files', current);
  const { OPTION_TABLE } = await import('../../engine/options/option-table.ts');
  return plain(
    OPTION_TABLE.filter(
      ({ long, implemented, serverOnly }) => long.length > 1 && implemented && serverOnly !== true,
    ).map(({ long, arity, help }) => [`--${long}${arity === 'value' ? '=' : ''}`, help]),
  );
}

/** Local names, and saved hosts; what lies on a host is not looked up. */
function places(mode: 'files' | 'folders', current: string): Completion {
  const hosts = saved('hosts').map((name) => `${name}:`);
  return hosts.some((host) => current.startsWith(host))
    ? NOTHING
    : { ...plain(hosts.map((host) => [host, 'host'])), mode };
}

const plain = (rows: readonly (readonly [string, string])[]): Completion => ({
  mode: 'words',
  candidates: rows.map(([word, about]) => ({ word, about })),
});

const membersOf = (group: readonly CommandName[]): Completion =>
  plain(group.map((name) => [name.split(' ')[1]!, specOf(name).summary]));

function aboutFirst(word: string): string {
  const name = COMMAND_NAMES.find((each) => each === word);
  if (name !== undefined) return specOf(name).summary;
  return (
    { host: 'servers you have saved', profile: 'what is mirrored where', settings: 'settings, export, import' }[word] ??
    ''
  );
}

function saved(kind: 'hosts' | 'profiles'): string[] {
  try {
    const document = JSON.parse(readFileSync(storeFileOf(homeFolder()), 'utf8')) as Record<string, unknown>;
    const list = document[kind];
    if (!Array.isArray(list)) return [];
    return list.flatMap((each: unknown) => {
      const name = typeof each === 'object' && each !== null ? (each as { name?: unknown }).name : null;
      // What a shell would show as something else is not offered.
      return typeof name === 'string' && displayPath(name) === name ? [name] : [];
    });
  } catch {
    return [];
  }
}

/** As the scripts read it: the mode, then one candidate a line with what it is behind a tab. */
export const formatCompletion = ({ mode, candidates }: Completion): string =>
  [mode, ...candidates.map(({ word, about }) => (about === '' ? word : `${word}\t${about}`)), ''].join('\n');
