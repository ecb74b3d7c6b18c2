import { describe, expect, it } from 'vitest';
import { textToBytes } from '../../../shared/model/path.ts';
import { looksTemporary, tempName } from './temp-name.ts';

describe('tempName', () => {
  it('is .NAME.XXXXXX, with a leading dot not doubled', () => {
    expect(tempName('a.txt')).toMatch(/^\.a\.txt\.[a-zA-Z0-9]{6}$/);
    expect(tempName('.bashrc')).toMatch(/^\.bashrc\.[a-zA-Z0-9]{6}$/);
    expect(looksTemporary(tempName('x'))).toBe(true);
  });

  it('differs each time', () => {
    expect(new Set(Array.from({ length: 5000 }, () => tempName('x'))).size).toBe(5000);
  });

  it('fits 255 bytes and cuts at a character', () => {
    expect(tempName('n'.repeat(247))).toHaveLength(255);
    expect(tempName('n'.repeat(255))).toHaveLength(255);
    for (const text of ['é', '世', '😀']) {
      for (const lead of ['', 'a', 'ab', 'abc']) {
        const name = tempName(textToBytes(lead + text.repeat(130)).slice(0, 255));
        expect(name.length).toBeGreaterThan(250);
        expect(name.length).toBeLessThanOrEqual(255);
        expect(Buffer.from(name, 'latin1').toString('utf8')).not.toContain('\ufffd');
      }
    }
  });

  it('hides nothing in a folder for temporary files', () => {
    expect(tempName('.x', true)).toMatch(/^\.x\.[a-zA-Z0-9]{6}$/);
    const name = tempName('n'.repeat(255), true);
    expect(name).toMatch(/^n{248}\.[a-zA-Z0-9]{6}$/);
    expect(looksTemporary(name)).toBe(true);
  });

  it('cuts bytes that are no UTF-8 too', () => {
    expect(tempName('\x80'.repeat(255)).length).toBeLessThanOrEqual(255);
    expect(tempName('\xff'.repeat(255))).toHaveLength(255);
  });
});

describe('looksTemporary', () => {
  it.each(['a', '.a', '.a.12345', '.a.1234567', '.a/b.123456', '..x', '.a.12345-'])('refuses %s', (name) => {
    expect(looksTemporary(name)).toBe(false);
  });
});
