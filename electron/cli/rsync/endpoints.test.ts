import { describe, expect, it } from 'vitest';
import { DriftlineError, type ErrorData } from '../../../shared/errors.ts';
import { DEFAULT_OPTIONS } from '../../engine/options/transfer-options.ts';
import { checkDaemonOptions, resolveEndpoints } from './endpoints.ts';

function failure(run: () => unknown): ErrorData {
  try {
    run();
  } catch (error) {
    if (error instanceof DriftlineError) return error.data;
    throw error;
  }
  throw new Error('did not fail');
}

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
