import { expect, it } from 'vitest';
import { generatePlannerCase, judgePlan, plannerScript } from './planner.ts';

/** Random trees and options of a profile: a preview says what `rsync -n -i` says. Fresh ones: `test:fuzz -- --planner`. */
const CASES = 60;
const AT_ONCE = 10;

it.each(Array.from({ length: CASES / AT_ONCE }, (_, i) => i * AT_ONCE))(
  'plans as rsync does, seeds from %i',
  async (first) => {
    let judged = 0;
    for (let seed = first; seed < first + AT_ONCE; seed++) {
      const one = generatePlannerCase(seed);
      const { difference, lines } = await judgePlan(one);
      expect(difference, plannerScript(one)).toBeNull();
      judged += lines ?? 0;
    }
    expect(judged).toBeGreaterThan(10);
  },
);
