import { describe, expect, it } from 'vitest';
import { formatJump, readJump } from './jump-host.ts';

describe('a jump host', () => {
  it.each([
    ['gate', { name: 'gate', user: null, port: null }],
    ['me@gate:2222', { name: 'gate', user: 'me', port: 2222 }],
    ['ssh://me@[::1]:22', { name: '::1', user: 'me', port: 22 }],
    ['::1', null],
    ['', null],
    ['gate:port', null],
  ])('%j is read', (text, jump) => expect(readJump(text)).toEqual(jump));

  it('is written so that it is read back', () => {
    expect(formatJump({ user: 'me', address: 'gate.example', port: 22 })).toBe('me@gate.example');
    expect(formatJump({ user: 'me', address: '2001:db8::1', port: 2222 })).toBe('me@[2001:db8::1]:2222');
    expect(readJump('me@[2001:db8::1]:2222')).toEqual({ name: '2001:db8::1', user: 'me', port: 2222 });
  });
});
