import { describe, expect, it } from 'vitest';
import { DriftlineError } from '../../../shared/errors.ts';
import { Charset, charsetOf } from './charset.ts';

const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

describe('conversion', () => {
  it('turns names into UTF-8 and back', () => {
    const latin = new Charset('ISO-8859-1');
    expect(latin.toWire('caf\xe9/\xff')).toBe(utf8('café/ÿ'));
    expect(latin.fromWire(utf8('café/ÿ'))).toBe('caf\xe9/\xff');
    expect(new Charset('koi8-r').fromWire(utf8('мир'))).toBe('\xcd\xc9\xd2');
    expect(new Charset('Shift_JIS').toWire('\x93\xfa')).toBe(utf8('日'));
    expect(new Charset('UTF-8').toWire(utf8('é€😀'))).toBe(utf8('é€😀'));
    // A mark of the byte order is a character like others in a name.
    for (const charset of ['utf8', 'GB18030']) {
      const names = new Charset(charset);
      expect(names.toWire(names.fromWire(utf8('\ufeffx'))!)).toBe(utf8('\ufeffx'));
    }
  });

  it('knows what it cannot convert', () => {
    const latin = new Charset('latin1');
    for (const text of ['€', 'a€b', '日', '😀']) expect(latin.fromWire(utf8(text))).toBeNull();
    // Cut short, overlong, a half of a pair, beyond the last character, no start.
    for (const bytes of ['\xc3', '\xe2\x82', '\xc0\xaf', '\xed\xa0\x80', '\xf4\x90\x80\x80', '\x80', 'a\xff'])
      for (const charset of ['utf-8', 'latin1']) expect(new Charset(charset).fromWire(bytes)).toBeNull();
    expect(new Charset('utf8').toWire('\xe9')).toBeNull();
    expect(new Charset('ASCII').toWire('\xe9')).toBeNull();
    expect(new Charset('windows-1252').toWire('\x81')).toBeNull();
    expect(new Charset('EUC-JP').toWire('\xa4')).toBeNull();
    expect(latin.textFromWire('\xff €')).toBe('\xff €');
  });
});

describe('naming', () => {
  const codeOf = (run: () => unknown): unknown => {
    try {
      run();
      return null;
    } catch (error) {
      return error instanceof DriftlineError && [error.data.code, error.data.exitCode];
    }
  };

  it('takes the part before the comma, a server the one behind it', () => {
    expect(charsetOf('latin1,utf8', false).toWire('\xe9')).toBe(utf8('é'));
    expect(charsetOf('utf8,latin1', true).toWire('\xe9')).toBe(utf8('é'));
    expect(charsetOf('latin1', false).toWire('\xe9')).toBe(utf8('é'));
    expect(charsetOf('latin1', true).toWire('\xe9')).toBe(utf8('é'));
  });

  it('asks the locale for `.` and for nothing', () => {
    const of = (value: string, env: Record<string, string>) => charsetOf(value, false, env).toWire('\xe9');
    expect(of('.', { LANG: 'de_DE.ISO-8859-1@euro' })).toBe(utf8('é'));
    expect(of(',utf8', { LC_CTYPE: 'de_DE.ISO8859-1', LANG: 'C.UTF-8' })).toBe(utf8('é'));
    expect(of('.', { LC_ALL: 'C', LANG: 'de_DE.ISO-8859-1' })).toBeNull();
    expect(of('.', { LC_ALL: '', LANG: 'C.utf8' })).toBeNull();
    expect(codeOf(() => of('.', { LANG: 'de_DE' }))).toEqual(['charset', 4]);
  });

  it.each(['nonsense', '-', 'UTF-16', 'UTF-7', 'base64', 'hex', 'constructor', '__proto__', 'latin1//TRANSLIT'])(
    'refuses %s, in which no path would be one',
    (name) => expect(codeOf(() => new Charset(name))).toEqual(['charset', 4]),
  );
});
