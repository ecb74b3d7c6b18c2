import { describe, expect, it } from 'vitest';
import { isSignificant, itemize } from './itemize.ts';

const FILE = 0o100644;
const DIR = 0o040755;
const LINK = 0o120777;

describe('itemize (protocol reference §8.9)', () => {
  it.each<[string, number, number, 'send' | 'recv']>([
    ['>f+++++++++', 0xa000, FILE, 'recv'],
    ['<f+++++++++', 0xa000, FILE, 'send'],
    ['<f..t......', 0x8008, FILE, 'send'],
    ['>fcst......', 0x800e, FILE, 'recv'],
    ['cd+++++++++', 0x6000, DIR, 'recv'],
    ['.d..t......', 0x0008, DIR, 'send'],
    ['cL+++++++++', 0x6002, LINK, 'send'],
    ['cLc........', 0x4002, LINK, 'recv'],
    ['cLc.T......', 0x400e, LINK, 'recv'],
    ['cS+++++++++', 0x6002, 0o010644, 'recv'],
    ['cD+++++++++', 0x6002, 0o060644, 'recv'],
    ['.f...pog...', 0x0070, FILE, 'recv'],
    ['.f......b.x', 0x0501, FILE, 'recv'],
    ['.f......nax', 0x0580, FILE, 'recv'],
    ['.f         ', 0x0000, FILE, 'recv'],
    ['hf         ', 0x5000, FILE, 'recv'],
    ['hf+++++++++', 0x7000, FILE, 'recv'],
    ['>f.........', 0x8000, FILE, 'recv'],
    ['<f?????????', 0x18000, FILE, 'send'],
  ])('%s', (expected, iflags, mode, direction) => {
    expect(itemize({ iflags, mode, direction }, { times: true })).toBe(expected);
  });

  it('says T where the time is not kept', () => {
    expect(itemize({ iflags: 0x800c, mode: FILE, direction: 'recv' }, { times: false })).toBe('>f.sT......');
    expect(itemize({ iflags: 0x4008, mode: LINK, direction: 'recv' }, { times: true, linkTimes: false })).toBe(
      'cL..T......',
    );
  });

  it('knows which flags say that something changed', () => {
    expect([0x5000, 0x0800, 0, 0x8000, 0x2000, 8].map(isSignificant)).toEqual([false, false, false, true, true, true]);
  });
});
