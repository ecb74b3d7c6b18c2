import { describe, expect, it } from 'vitest';
import { errorText } from './error-text.ts';
import { fail, type ErrorKind } from './errors.ts';

describe('errorText', () => {
  it('uses the row of the exact code', () => {
    const text = errorText(fail('remote', 'command-not-found', 'rsync: not found').data);
    expect(text.title).toBe('There is no rsync on the server');
    expect(text.message).toBe('rsync: not found');
    expect(text.action).toEqual({ kind: 'edit-host', label: 'Edit host' });
  });

  it('prefers the hint that came with the error', () => {
    expect(errorText(fail('connect', 'refused', 'no', { hint: 'Port 2222 is closed.' }).data).hint).toBe(
      'Port 2222 is closed.',
    );
  });

  it('falls back to the kind for a code without a row', () => {
    const text = errorText(fail('connect', 'never-heard-of', 'odd').data);
    expect(text.title).toBe('No connection');
    expect(text.hint).toMatch(/network/);
  });

  it('has words for every kind', () => {
    const kinds: ErrorKind[] = [
      'usage', 'guard', 'connect', 'host-key', 'auth', 'remote', 'protocol', 'fs', 'integrity', 'partial', 'cancelled', 'internal',
    ]; // prettier-ignore
    for (const kind of kinds) expect(errorText(fail(kind, 'x', 'm').data).title).not.toBe('');
  });

  it('survives a kind from a newer service', () => {
    const error = { ...fail('internal', 'x', 'm').data, kind: 'quantum' as ErrorKind };
    expect(errorText(error).title).toBe('Something went wrong inside Driftline');
  });
});
