import { describe, expect, it } from 'vitest';
import { splitShellWords } from './shell-words.ts';

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
  ])('%j', (line, words) => expect(splitShellWords(line)).toEqual(words));
});
