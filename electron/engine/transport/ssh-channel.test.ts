import { describe, expect, it } from 'vitest';
import { windowFor } from './ssh-channel.ts';

describe('windowFor', () => {
  it('is what OpenSSH has for a server close by, and grows with the way up to 16 MiB', () => {
    const MIB = 1 << 20;
    expect([0, 0.3, 8, 20, 64, 100, Infinity].map((ms) => windowFor(ms) / MIB)).toEqual([2, 2, 2, 5, 16, 16, 16]);
  });
});
