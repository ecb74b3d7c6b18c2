import { expect, it } from 'vitest';
import { fail } from '../../shared/errors.ts';
import { exitLine, rsyncExitCode } from './exit-code.ts';

it('takes an explicit code, then 23, 24, 25 (protocol reference §4.6)', () => {
  expect(rsyncExitCode({ ioError: 0 })).toBe(0);
  expect(rsyncExitCode({ ioError: 7 })).toBe(23);
  expect(rsyncExitCode({ ioError: 6 })).toBe(24);
  expect(rsyncExitCode({ ioError: 4 })).toBe(25);
  expect(rsyncExitCode({ ioError: 2, transferError: true })).toBe(23);
  expect(rsyncExitCode({ ioError: 1, error: fail('protocol', 'x', 'x').data })).toBe(12);
});

it('ends with the worse of both sides', () => {
  expect(rsyncExitCode({ ioError: 2, remote: 12 })).toBe(24);
  expect(rsyncExitCode({ ioError: 1, remote: 0 })).toBe(23);
  expect(rsyncExitCode({ ioError: 0, remote: 255 })).toBe(255);
  expect(rsyncExitCode({ ioError: 0, remote: null })).toBe(0);
});

it('says what a code means', () => {
  expect(exitLine(0)).toBeNull();
  expect(exitLine(24)).toBe('driftline error: some source files vanished before they could be transferred (code 24)');
  expect(exitLine(77)).toBe('driftline error: unexplained error (code 77)');
});
