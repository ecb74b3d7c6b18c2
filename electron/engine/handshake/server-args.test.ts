import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { quoteLiteralCommand } from './server-args.ts';

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
