/**
 * `npm run test:fuzz -- [--cases 1000] [--seed N] [--jobs 2] [--with WORD] …`: fresh random cases against
 * stock rsync. Every failure is made smaller and printed as a shell script; the exit code is 1 if there was one.
 *
 * --seed N     first seed; by default the clock's. `--seed N --cases 1` runs one case again.
 * --with WORD  only cases with that text in one of their words, or whose route is called so
 * --failures N stops after so many; by default 10
 * --quick      makes no failure smaller
 * --planner    previews against `rsync -n -i` instead of transfers
 * --self       judges rsync by itself, to see what this test cannot judge
 *
 * A signal ends it after the case at hand, with the summary.
 */
import { parseArgs } from 'node:util';
import { generateCase, script, words } from './case.ts';
import { excuse } from './excuses.ts';
import { judge } from './judge.ts';
import { fuzzPlanner } from './planner-fuzz.ts';
import { shrink } from './shrink.ts';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    jobs: { type: 'string', default: '2' },
    with: { type: 'string', multiple: true, default: [] },
    failures: { type: 'string', default: '10' },
    quick: { type: 'boolean', default: false },
    self: { type: 'boolean', default: false },
    planner: { type: 'boolean', default: false },
  },
});
const [cases, first, jobs, most] = [values.cases, values.seed, values.jobs, values.failures].map(Number) as [
  number,
  number,
  number,
  number,
];
let next = first;
let run = 0;
let failures = 0;
let excused = 0;
const started = Date.now();
let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (stopped = true));

const wanted = (one: ReturnType<typeof generateCase>): boolean =>
  values.with.every((text) => one.route === text || one.args.some((word) => word.includes(text)));

async function worker(): Promise<void> {
  while (!stopped && run < cases && failures < most) {
    const one = generateCase(next++);
    if (!wanted(one)) continue;
    if (excuse(one) !== null) {
      excused++;
      continue;
    }
    run++;
    if (run % 250 === 0)
      console.log(`${run} cases, ${failures} failures, ${Math.round((Date.now() - started) / 1000)} s`);
    let difference: string | null;
    try {
      difference = await judge(one, values.self, () => {
        excused++;
        run--;
      });
    } catch (error) {
      console.log(`seed ${one.seed}: the case could not be judged: ${String(error)}\n${script(one)}`);
      failures++;
      continue;
    }
    if (difference === null) continue;
    failures++;
    if (values.quick) {
      console.log(`\n=== seed ${one.seed}: ${one.route}: ${words(one).join(' ')}\n${difference}`);
      continue;
    }
    const small = await shrink(one, async (smaller) => (await judge(smaller, values.self).catch(() => null)) !== null);
    const smallest = (await judge(small, values.self)) ?? `${difference}\n(the smaller case did not fail again)`;
    console.log(`\n=== seed ${one.seed}: ${small.route}: ${words(small).join(' ')}\n${smallest}\n\n${script(small)}`);
  }
}

if (values.planner) {
  process.exitCode = (await fuzzPlanner(first, cases, jobs, most)) > 0 ? 1 : 0;
} else {
  await Promise.all(Array.from({ length: jobs }, worker));
  console.log(
    `${run} cases from seed ${first}: ${failures} failures, ${excused} not judged, ${Math.round((Date.now() - started) / 1000)} s`,
  );
  process.exitCode = failures > 0 ? 1 : 0;
}
