import { describe, expect, it } from 'vitest';
import { DriftlineError, type ErrorData } from './errors.ts';
import { parseLocation } from './rsync-location.ts';

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
