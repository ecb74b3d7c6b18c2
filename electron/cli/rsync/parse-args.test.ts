import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DriftlineError, type ErrorData } from '../../../shared/errors.ts';
import { parseLocation, resolveEndpoints } from './location.ts';
import { parseRsyncArgs } from './parse-args.ts';

function failure(run: () => unknown): ErrorData {
  try {
    run();
  } catch (error) {
    if (error instanceof DriftlineError) return error.data;
    throw error;
  }
  throw new Error('did not fail');
}

describe('locations', () => {
  it.each([
    ['a/b:c', { kind: 'local', path: 'a/b:c' }],
    ['./h:x', { kind: 'local', path: './h:x' }],
    ['h:', { kind: 'ssh', user: null, host: 'h', path: '' }],
    ['h:a:b', { kind: 'ssh', user: null, host: 'h', path: 'a:b' }],
    ['u@h:/x y', { kind: 'ssh', user: 'u', host: 'h', path: '/x y' }],
    ['u@v@h:x', { kind: 'ssh', user: 'u@v', host: 'h', path: 'x' }],
    ['[::1]:x', { kind: 'ssh', user: null, host: '::1', path: 'x' }],
    ['u@[fe80::1%eth0]:x', { kind: 'ssh', user: 'u', host: 'fe80::1%eth0', path: 'x' }],
    ['h:a\nb', { kind: 'ssh', user: null, host: 'h', path: 'a\nb' }],
    ['h::m/x', { kind: 'daemon' }],
    ['RSYNC://h/x', { kind: 'daemon' }],
  ])('%s', (arg, expected) => {
    expect(parseLocation(arg)).toEqual(expected);
  });

  it('refuses hosts that could be taken for options', () => {
    for (const arg of ['-h:x', '-l@h:x', ':x', 'u@:x', '[]:x']) {
      expect([arg, failure(() => parseLocation(arg)).code]).toEqual([arg, 'bad-host']);
    }
  });

  it('works out both ends', () => {
    expect(resolveEndpoints(['a', 'b'], 'u@h:')).toEqual({
      direction: 'push',
      user: 'u',
      host: 'h',
      paths: ['a', 'b'],
      dest: '',
    });
    expect(resolveEndpoints(['h:a', ':b', 'h:c'], '')).toEqual({
      direction: 'pull',
      user: null,
      host: 'h',
      paths: ['a', 'b', 'c'],
      dest: '.',
    });
    expect(resolveEndpoints(['', 'b'], 'c')).toEqual({ direction: 'local', paths: ['.', 'b'], dest: 'c' });
  });

  it.each<[string[], string, string]>([
    [['h:a'], 'h:b', 'The source and destination cannot both be remote.'],
    [['a', 'h:b'], 'c', 'Unexpected remote arg: h:b'],
    [['h:a', 'i:b'], 'c', 'All source args must come from the same machine.'],
    [['h:a', 'b'], 'c', 'All source args must be remote, or all local.'],
    [['h::m'], 'c', 'rsync:// and host:: addresses are not supported by this version of Driftline'],
    [['a'], 'rsync://h/m', 'rsync:// and host:: addresses are not supported by this version of Driftline'],
  ])('refuses %j to %s', (sources, dest, message) => {
    expect(failure(() => resolveEndpoints(sources, dest))).toMatchObject({ exitCode: 1, message });
  });
});

describe('parseRsyncArgs', () => {
  it('tells a client from a server and a question', () => {
    expect(parseRsyncArgs(['-a', 'x', 'h:y'], {})).toMatchObject({
      mode: 'client',
      sources: ['x'],
      dest: 'h:y',
      options: { rsh: null },
    });
    expect(parseRsyncArgs(['--server', '-r', '.', 'x'], {})).toMatchObject({
      mode: 'server',
      sender: false,
      args: ['x'],
    });
    expect(parseRsyncArgs(['--help'], {})).toEqual({ mode: 'help' });
    expect(parseRsyncArgs(['-h'], {})).toEqual({ mode: 'help' });
    expect(parseRsyncArgs(['-aV', 'x'], {})).toEqual({ mode: 'version' });
    expect(failure(() => parseRsyncArgs(['-a'], {}))).toMatchObject({ code: 'missing-source', exitCode: 1 });
  });

  it('lists when there is no destination', () => {
    expect(parseRsyncArgs(['h:x'], {})).toMatchObject({ dest: null, options: { listOnly: true, dirs: true } });
    expect(parseRsyncArgs(['-r', 'x'], {})).toMatchObject({ dest: null, options: { listOnly: true, dirs: false } });
  });

  it('takes the remote shell from the environment unless named', () => {
    expect(parseRsyncArgs(['a', 'h:b'], { RSYNC_RSH: 'ssh -4' })).toMatchObject({ options: { rsh: 'ssh -4' } });
    expect(parseRsyncArgs(['-e', 'ssh -6', 'a', 'h:b'], { RSYNC_RSH: 'ssh -4' })).toMatchObject({
      options: { rsh: 'ssh -6' },
    });
  });

  it('reads rule files as bytes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'driftline-rules-'));
    try {
      const file = join(folder, 'rules');
      writeFileSync(file, Buffer.from('\xff*\n+ b\n', 'latin1'));
      const command = parseRsyncArgs([`--exclude-from=${file}`, 'a', 'b'], {});
      expect(command).toMatchObject({
        options: {
          filters: [
            { include: false, pattern: '\xff*' },
            { include: true, pattern: 'b' },
          ],
        },
      });
      expect(failure(() => parseRsyncArgs([`--exclude-from=${folder}/none`, 'a', 'b'], {}))).toMatchObject({
        code: 'rule-file',
        exitCode: 11,
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
