import { describe, expect, it } from 'vitest';
import { formatHas } from './format-escapes.ts';

describe('formatHas', () => {
  it.each([
    ['%i', true],
    ["%''-9'i", true],
    ['%%i', false],
    [`%${'0'.repeat(23)}i`, true],
    // Beyond what rsync takes for a width there is no escape, and the next % is one.
    [`%${'0'.repeat(24)}i`, false],
    [`%${'0'.repeat(24)}%i`, true],
    [`%-${'0'.repeat(23)}%i`, true],
    [`%${'0'.repeat(23)}%i`, false],
  ])('finds %%i in %s: %s', (format, found) => {
    expect(formatHas(format, 'i')).toBe(found);
  });
});
