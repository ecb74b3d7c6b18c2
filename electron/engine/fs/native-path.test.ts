import { describe, expect, it } from 'vitest';
import { checkName, checkRel, native } from './native-path.ts';

describe('native', () => {
  it('keeps ASCII a string and turns other bytes into a Buffer', () => {
    expect(native('a/b')).toBe('a/b');
    expect(native('a\xff')).toEqual(Buffer.from([0x61, 0xff]));
  });
});

describe('checkName', () => {
  it.each(['', '.', '..', 'a/b', '/', '/etc', 'a/', 'a\0b'])('refuses %j', (name) => {
    expect(() => checkName(name)).toThrow(
      expect.objectContaining({ data: expect.objectContaining({ kind: 'protocol', code: 'unsafe-name' }) }),
    );
  });

  it.each(['a', '...', '.a', '-rf', 'a\nb', '\xff', ' ', '*'])('takes %j', (name) => {
    expect(() => checkName(name)).not.toThrow();
  });
});

describe('checkRel', () => {
  it.each(['/', '/a', 'a/', 'a//b', '.', './a', 'a/.', 'a/./b', '..', '../a', 'a/..', 'a/../b', 'a\0'])(
    'refuses %j',
    (rel) => {
      expect(() => checkRel(rel)).toThrow(/refused/);
    },
  );

  it.each(['', 'a', 'a/b', '.a/..b', 'a/...', 'a./b..'])('takes %j', (rel) => {
    expect(() => checkRel(rel)).not.toThrow();
  });
});
