import { generatePlannerCase, judgePlan, plannerScript } from './planner.ts';

/** Fresh random previews against `rsync -n -i`. @returns how many differed */
export async function fuzzPlanner(first: number, cases: number, jobs: number, most: number): Promise<number> {
  let next = first;
  let failures = 0;
  let notJudged = 0;
  let lines = 0;
  const worker = async (): Promise<void> => {
    while (next < first + cases && failures < most) {
      const one = generatePlannerCase(next++);
      const verdict = await judgePlan(one).catch((error: unknown) => ({
        ...{ lines: null, difference: `could not be judged: ${String(error)}` },
      }));
      const { lines: found, difference } = verdict;
      if (found === null) notJudged++;
      else lines += found;
      if ((next - first) % 250 === 0) console.log(`${next - first} previews, ${failures} differ`);
      if (difference === null) continue;
      failures++;
      console.log(
        `\n=== planner seed ${one.seed}, ${one.direction}: ${one.args.join(' ')}\n${difference}\n\n${plannerScript(one)}`,
      );
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  console.log(
    `${next - first} previews from seed ${first}, ${lines} lines: ${failures} differ from rsync -n -i, ${notJudged} not judged`,
  );
  return failures;
}
