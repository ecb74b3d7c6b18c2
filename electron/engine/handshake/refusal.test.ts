import { expect, it } from 'vitest';
import type { EngineEvent, MessageEvent } from '../events.ts';
import { refusedOption, RefusalWatch, stillAsksFor } from './refusal.ts';

it.each([
  // openrsync where getopt is glibc's, of macOS, of OpenBSD, and musl's
  ["openrsync: unrecognized option '--info=NAME'\n", '--info=NAME'],
  ["/usr/local/bin/openrsync: invalid option -- 'J'\n", '-J'],
  ["rsync: unrecognized option `--iconv=latin1'\n", '--iconv=latin1'],
  ['rsync: illegal option -- U\n', '-U'],
  ['openrsync: unknown option -- U\n', '-U'],
  ['openrsync: unknown option -- fsync\n', '--fsync'],
  ['openrsync: unrecognized option: fsync\n', '--fsync'],
  ['usage: rsync [-0468BCDEFHIKLOPRSTWVabcdghiklnopqrtuvxyz] [-e program]\n', ''],
  ['usage: openrsync [-DFP]\n', ''],
  // stock rsync and ours
  ['rsync: --info=NAME: unknown option\n', '--info=NAME'],
  ['rsync: -vlogDtprUe.iLsfxC: unknown option\n', '-vlogDtprUe.iLsfxC'],
  ['driftline: --nonsense: unknown option (hint)\n', '--nonsense'],
  // other words before a greeting
  ['bash: rsync: command not found\n', null],
  ['rsync: option requires an argument -- e\n', null],
  ['Warning: Permanently added the host to the list of known hosts.\n', null],
  ['\n', null],
])('%j refuses %j', (line, word) => expect(refusedOption(line)).toBe(word));

it.each([
  ['--info=NAME', false],
  ['--iconv=latin1', true],
  ['-J', true],
  ['-U', false],
  ['', false],
])('whether words still ask for %j', (refused, asks) =>
  expect(stillAsksFor(['--server', '-ltJr', '--iconv=latin1', '.', '/d/'], refused)).toBe(asks),
);

const said = (text: string): MessageEvent => ({ type: 'message', level: 'error', from: 'remote', text });

function watched(...lines: string[]): { watch: RefusalWatch; told: () => string[] } {
  const events: EngineEvent[] = [];
  const watch = new RefusalWatch((event) => events.push(event));
  for (const line of lines) watch.onEvent(said(line));
  return { watch, told: () => events.map((event) => (event.type === 'message' ? event.text : event.type)) };
}

const OPTION = "rsync: invalid option -- 'J'\n";
const USAGE = 'usage: rsync [-0468]\n';

it('words before a refusal are told at once, what refuses only when there is no more to hope for, without its screen', () => {
  const { watch, told } = watched('motd\n', OPTION, USAGE, '\t[-f filter]\n');
  expect(watch.refused).toBe('-J');
  expect(told()).toEqual(['motd\n']);
  watch.tell();
  expect(told()).toEqual(['motd\n', OPTION]);
});

it('a screen alone is told as it is', () => {
  const { watch, told } = watched(USAGE, '\t[-f filter]\n');
  watch.tell();
  expect(told()).toEqual([USAGE, '\t[-f filter]\n']);
});

it('what looks like a refusal is told once the server greets, and nothing is held back from then on', () => {
  const { watch, told } = watched(OPTION);
  watch.tell();
  watch.onEvent(said(OPTION));
  expect(told()).toEqual([OPTION, OPTION]);
});
