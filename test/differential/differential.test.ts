import { describe, expect, it } from 'vitest';
import { generateCase, script } from './case.ts';
import { excuse } from './excuses.ts';
import { judge } from './judge.ts';

/**
 * Random trees, edits and options by stock rsync and by Driftline: no difference. The seeds are fixed here, so that a
 * failure belongs to the change that brought it; `npm run test:fuzz` takes fresh ones.
 */
const CASES = 230;
const AT_ONCE = 10;

describe('as rsync does', () => {
  it.each(Array.from({ length: CASES / AT_ONCE }, (_, i) => i * AT_ONCE))('seeds from %i', async (first) => {
    for (let seed = first; seed < first + AT_ONCE; seed++) {
      const one = generateCase(seed);
      if (excuse(one) !== null) continue;
      const difference = await judge(one);
      expect(difference, script(one)).toBeNull();
    }
  });
});
