import { expect, it } from 'vitest';
import { filled, folded } from './text.ts';

it('cuts between words only, and leaves what is indented', () => {
  expect(filled('one two three', 8)).toEqual(['one two', 'three']);
  expect(filled('anendlessword and more', 8)).toEqual(['anendlessword', 'and more']);
  expect(filled('  driftline run x', 8)).toEqual(['  driftline run x']);
});

it('folds for a terminal and for nothing else', () => {
  const text = 'The destination held two entries.';
  expect(folded(text, {}, '  ')).toBe(`  ${text}`);
  expect(folded(text, { isTTY: true, columns: 24 }, '  ')).toBe('  The destination held\n  two entries.');
});
