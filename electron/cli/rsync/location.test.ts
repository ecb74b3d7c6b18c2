import { describe, expect, it } from 'vitest';
import { DriftlineError, type ErrorData } from '../../../shared/errors.ts';
import { DEFAULT_OPTIONS } from '../../engine/options/transfer-options.ts';
import { checkDaemonOptions, parseLocation, resolveEndpoints } from './location.ts';

function failure(run: () => unknown): ErrorData {
  try {
    run();
  } catch (error) {
    if (error instanceof DriftlineError) return error.data;
    throw error;
  }
  throw new Error('did not fail');
}

const daemon = (user: string | null, host: string, port: number | null, path: string) => ({
  ...{ kind: 'daemon', user, host, port, path },
});

describe('parseLocation', () => {
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
    ['h::m/x', daemon(null, 'h', null, 'm/x')],
    ['h::', daemon(null, 'h', null, '')],
    ['u@h::m', daemon('u', 'h', null, 'm')],
    ['@h::m', daemon(null, 'h', null, 'm')],
    ['[::1]::m/x:y', daemon(null, '::1', null, 'm/x:y')],
    ['h:::m', daemon(null, 'h', null, ':m')],
    ['RSYNC://h/x', daemon(null, 'h', null, 'x')],
    ['rsync://h', daemon(null, 'h', null, '')],
    ['rsync://h/', daemon(null, 'h', null, '')],
    ['rsync://h:8730/m/a:b c', daemon(null, 'h', 8730, 'm/a:b c')],
    ['rsync://h:/m', daemon(null, 'h', null, 'm')],
    ['rsync://u@h:1', daemon('u', 'h', 1, '')],
    ['rsync://u@v@h/m', daemon('u@v', 'h', null, 'm')],
    ['rsync://@h/m', daemon(null, 'h', null, 'm')],
    ['rsync://u@[fe80::1%eth0]:99/m//x', daemon('u', 'fe80::1%eth0', 99, 'm//x')],
    ['rsync://h//m', daemon(null, 'h', null, '/m')],
    // What is no port makes it no address of this form.
    ['rsync://h:abc/m', { kind: 'ssh', user: null, host: 'rsync', path: '//h:abc/m' }],
  ])('%s', (arg, expected) => {
    expect(parseLocation(arg)).toEqual(expected);
  });

  it('refuses hosts that could be taken for options', () => {
    const args = ['-h:x', '-l@h:x', ':x', 'u@:x', '[]:x', '::m', '-h::m', 'rsync://', 'rsync:///m', 'rsync://-h/m'];
    for (const arg of [...args, 'rsync://-u@h/m']) {
      expect([arg, failure(() => parseLocation(arg)).code]).toEqual([arg, 'bad-host']);
    }
  });
});

describe('resolveEndpoints', () => {
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

  it('finds the module, which on its own stands for its contents', () => {
    const at = { user: 'u', host: 'h' };
    expect(resolveEndpoints(['u@h::m/a', '::m', '::n/b', 'rsync://u@h/m'], 'd')).toEqual({
      ...{ direction: 'pull', ...at, daemon: { port: null, module: 'm' } },
      ...{ paths: ['m/a', 'm/', 'n/b', 'm/'], dest: 'd' },
    });
    expect(resolveEndpoints(['a'], 'rsync://u@h:1/m')).toEqual({
      ...{ direction: 'push', ...at, daemon: { port: 1, module: 'm' } },
      ...{ paths: ['a'], dest: 'm/' },
    });
    expect(resolveEndpoints(['h::'], null)).toMatchObject({ direction: 'pull', daemon: { module: '' }, paths: [''] });
    expect(resolveEndpoints(['a'], 'h::')).toMatchObject({ direction: 'push', daemon: { module: '' }, dest: '' });
  });

  it.each<[string[], string, string]>([
    [['h:a'], 'h:b', 'The source and destination cannot both be remote.'],
    [['h::a'], 'h:b', 'The source and destination cannot both be remote.'],
    [['a', 'h:b'], 'c', 'Unexpected remote arg: h:b'],
    [['a', 'h::b'], 'c', 'Unexpected remote arg: h::b'],
    [['h:a', 'i:b'], 'c', 'All source args must come from the same machine.'],
    [['h::a', 'u@h::b'], 'c', 'All source args must come from the same machine.'],
    [['h:a', 'b'], 'c', 'Unexpected local arg: b'],
    [['h::a', ':b'], 'c', 'All source args must use the same hostspec format.'],
    [['h:a', '::b'], 'c', 'All source args must use the same hostspec format.'],
    [['h::a', 'h:b'], 'c', 'All source args must use the same hostspec format.'],
  ])('refuses %j to %s', (sources, dest, message) => {
    expect(failure(() => resolveEndpoints(sources, dest))).toMatchObject({ exitCode: 1, message });
  });

  it('refuses a path of a daemon without a module', () => {
    expect(failure(() => resolveEndpoints(['h::/a'], 'c'))).toMatchObject({ exitCode: 5, code: 'no-module' });
  });
});

describe('checkDaemonOptions', () => {
  it('refuses what means something to a daemon alone', () => {
    checkDaemonOptions(DEFAULT_OPTIONS);
    for (const wrong of [{ passwordFile: 'x' }, { contimeout: 1 }])
      expect(failure(() => checkDaemonOptions({ ...DEFAULT_OPTIONS, ...wrong }))).toMatchObject({ exitCode: 1 });
  });
});
