import { expect, it } from 'vitest';
import { filterRule, filterWords } from './filter-words.ts';

it.each([
  ['- *.tmp', 'leave-out', '*.tmp'],
  ['+ /keep me/', 'keep', '/keep me/'],
  ['exclude a', 'leave-out', 'a'],
  ['include a', 'keep', 'a'],
  ['-!/ a', 'raw', '-!/ a'],
  ['P x', 'raw', 'P x'],
  ['!', 'raw', '!'],
  ['- ', 'raw', '- '],
])('%j', (rule, verb, text) => {
  expect(filterWords(rule)).toEqual({ verb, text });
  const plain = rule.replace('exclude', '-').replace('include', '+');
  expect(filterRule(filterWords(rule))).toBe(plain);
});
