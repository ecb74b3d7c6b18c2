import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parseClientWords } from '../options/parse.ts';
import { buildServerArgs, quoteLiteralCommand } from './server-args.ts';

it('the fewest words leave out what changes nothing, and no value that looks like it', () => {
  const given =
    '-az --old-compress --compress-level=9 --info=name2,skip0 --stderr=all --max-alloc=2g --partial-dir --info=x';
  const { options } = parseClientWords([...given.split(' '), '-M--info=del'], () => '');
  const words = (fewest: boolean): string[] => buildServerArgs(options, { sender: false, paths: ['d'], fewest });
  const kept = ['--log-format=X', '--partial-dir', '--info=x', '--info=del', '.', 'd'];
  expect(words(true)).toEqual(['--server', '-logDtprz', ...kept]);
  expect(words(false)).toEqual([
    ...['--server', '-logDtprze.iLsfxCIvu', '--compress-level=9', '--log-format=X', '--msgs2stderr', '--old-compress'],
    ...['--max-alloc=2147483648', '--partial-dir', '--info=x', '--info=NAME2,SKIP0', '--info=del', '.', 'd'],
  ]);
});

describe('the command for a saved path', () => {
  /** What a POSIX shell makes of it, in a folder where the patterns would match. */
  const words = (path: string): string[] =>
    execFileSync('/bin/sh', ['-c', quoteLiteralCommand('printf "%s\\n"', ['--server', '.', path])], {
      cwd: '/',
      env: { HOME: '/home/ann' },
      encoding: 'latin1',
    })
      .split('\n')
      .slice(0, -1);

  it.each(['et[c]', '*', '?tc', 'a b', "it's", '$HOME', '`id`', 'a;b', '\\*', '~ann/x'])('keeps %j a name', (path) =>
    expect(words(path)).toEqual(['--server', '.', path]),
  );

  it('keeps a leading ~/ and guards a leading dash', () => {
    expect(words('~/Photos [2024]')).toEqual(['--server', '.', '/home/ann/Photos [2024]']);
    expect(words('-rf')).toEqual(['--server', '.', './-rf']);
  });
});
