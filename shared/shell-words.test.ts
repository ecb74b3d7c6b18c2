import { describe, expect, it } from 'vitest';
import { bytesToText, textToBytes } from './model/path.ts';
import { quoteShellWord, readShellLine, shellText, splitShellWords } from './shell-words.ts';

describe('splitShellWords', () => {
  it.each<[string, string[] | null]>([
    ['rsync --server -e.LsfxC . /a', ['rsync', '--server', '-e.LsfxC', '.', '/a']],
    ['  a \t b  ', ['a', 'b']],
    ['', []],
    ["'a b' c", ['a b', 'c']],
    ["it\\'s", ["it's"]],
    ["'it'\\''s'", ["it's"]],
    ['"a \\"b\\" \\$x \\n"', ['a "b" $x \\n']],
    ["a''b", ['ab']],
    ["'' x", ['', 'x']],
    ['a\\ b', ['a b']],
    ['a\\\nb', ['ab']],
    ['"a\\\nb"', ['ab']],
    ["'a\nb'", ['a\nb']],
    ['$HOME `x` *', ['$HOME', '`x`', '*']],
    ["'\xff\xfe'", ['\xff\xfe']],
    ["'open", null],
    ['"open', null],
    ['"open\\', null],
    ['end\\', null],
    ['a; b', null],
    ['a && b', null],
    ['a > b', null],
    ['a\nb', null],
    ["'a;b'", ['a;b']],
    ['a#b', ['a#b']],
    ['a #b', null],
    ["$'a\\n\\x41\\101\\'\\\\'", ["a\nAA'\\"]],
    ["$'open", null],
  ])('%j', (line, words) => expect(splitShellWords(line)).toEqual(words));
});

describe('readShellLine', () => {
  it('tells what a shell would put in place of words, and leaves them', () => {
    const { words } = readShellLine('$HOME "${x}" `id` "`id`" $(id) a*b ~/x x~ "*" \'$x\' \\$x $');
    // Parentheses are operators: a command substitution ends the reading.
    expect(words.map(({ text, expands }) => [text, expands])).toEqual([
      ['$HOME', 'variable'],
      ['${x}', 'variable'],
      ['`id`', 'variable'],
      ['`id`', 'variable'],
      ['$', 'variable'],
    ]);
    const { words: rest } = readShellLine('a*b ~/x x~ "*" \'$x\' \\$x $ {a,b}');
    expect(rest.map(({ expands }) => expands)).toEqual(['pattern', 'home', null, null, null, null, null, 'pattern']);
  });

  it.each([
    ['rsync a b 2>&1 | tee log', ['rsync', 'a', 'b'], '2>&1 | tee log'],
    ['rsync a b&&reboot', ['rsync', 'a', 'b'], '&&reboot'],
    ['rsync a b > log', ['rsync', 'a', 'b'], '> log'],
    ['rsync a \\\n  b\nreboot', ['rsync', 'a', 'b'], '\nreboot'],
    ['rsync a b # why', ['rsync', 'a', 'b'], '# why'],
  ])('%j ends at the first operator', (line, words, rest) => {
    expect(readShellLine(line)).toMatchObject({ words: words.map((text) => ({ text })), rest, open: false });
  });
});

describe('quoteShellWord', () => {
  it.each([
    ['plain-word_1.txt', 'plain-word_1.txt'],
    ['', "''"],
    ['~/x', "'~/x'"],
    ['a b', "'a b'"],
    ["it's", "'it'\\''s'"],
    ['$x', "'$x'"],
    ['new\nline', "$'new\\x0aline'"],
    ['\udcff', "$'\\xff'"],
    ["\u202e'x", "$'\\xe2\\x80\\xae\\'x'"],
    ['*', "'*'"],
    ['!x', "'!x'"],
    ['ünï', "'ünï'"],
  ])('%j', (word, quoted) => expect(quoteShellWord(word)).toBe(quoted));

  it('is undone by reading, for any text', () => {
    let seed = 7;
    const random = (below: number) => (seed = (seed * 48271) % 0x7fffffff) % below;
    const alphabet = [
      'a',
      ' ',
      "'",
      '"',
      '\\',
      '$',
      '`',
      '\n',
      '#',
      '~',
      ';',
      '*',
      'é',
      '😀',
      '\udc80',
      '\u202e',
      '\x01',
      '-',
      '=',
    ];
    for (let n = 0; n < 2000; n++) {
      const word = Array.from({ length: random(12) }, () => alphabet[random(alphabet.length)]).join('');
      const text = bytesToText(textToBytes(word));
      const { words, rest, open } = readShellLine(textToBytes(`x ${quoteShellWord(text)} y`));
      expect({ words: words.map(shellText), rest, open }).toEqual({ words: ['x', text, 'y'], rest: null, open: false });
      expect(words[1]!.expands).toBeNull();
    }
  });
});
