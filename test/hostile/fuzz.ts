/**
 * `npm run test:fuzz-decoders -- [--minutes 5] [--seed N] [--with WORD]`: damaged streams for every reader of bytes
 * from a peer, without end. The readers run in a thread of their own, so that one that hangs is found and named. Prints
 * every finding with its seed; the exit code is 1 if there was one.
 *
 * --seed N     first seed; by default the clock's. `--seed N --minutes 0` runs one case of each again.
 * --with WORD  only readers with that text in their name
 */
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { DECODERS, loadDecoders } from './decoders.ts';
import { tryCase } from './mutate.ts';

/** A case takes milliseconds; after this long it hangs. */
const HANGS_MS = 30_000;
const CASES_PER_TURN = 50;
/** More than this and something grows. */
const MAX_RSS = 700 * 2 ** 20;

interface Task {
  seed: number;
  until: number;
  word: string;
}

type Told = { type: 'now'; decoder: string; seed: number } | { type: 'finding'; text: string } | { type: 'memory' };

async function hunt({ seed, until, word }: Task): Promise<void> {
  const tell = (told: Told): void => parentPort!.postMessage(told);
  const decoders = DECODERS.filter(({ name }) => name.includes(word));
  await loadDecoders();
  for (let next = seed; ; next += CASES_PER_TURN) {
    for (const decoder of decoders) {
      tell({ type: 'now', decoder: decoder.name, seed: next });
      for (let i = 0; i < (until === 0 ? 1 : CASES_PER_TURN); i++) {
        const text = await tryCase(decoder, next + i);
        if (text !== null) tell({ type: 'finding', text });
      }
    }
    if (process.memoryUsage.rss() > MAX_RSS) return tell({ type: 'memory' });
    if (Date.now() >= until) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function watch(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '5' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 30) },
      with: { type: 'string', default: '' },
    },
  });
  const seed = Number(values.seed);
  const until = values.minutes === '0' ? 0 : Date.now() + Number(values.minutes) * 60_000;
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { seed, until, word: values.with } satisfies Task,
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  });
  let findings = 0;
  let turns = 0;
  let now = { decoder: '', seed, since: Date.now() };
  const find = (text: string): void => {
    findings++;
    console.log(text);
  };
  const timer = setInterval(() => {
    if (Date.now() - now.since < HANGS_MS) return;
    find(`${now.decoder}: hangs at one of the ${CASES_PER_TURN} seeds from ${now.seed}`);
    void worker.terminate();
  }, 1000);
  worker.on('message', (told: Told) => {
    if (told.type === 'finding') find(told.text);
    else if (told.type === 'memory')
      find(`${now.decoder}: memory has grown beyond ${MAX_RSS} bytes by seed ${now.seed}`);
    else {
      turns++;
      now = { decoder: told.decoder, seed: told.seed, since: Date.now() };
    }
  });
  worker.on('error', (error) => find(`${now.decoder}, from seed ${now.seed}: ${String(error)}`));
  await new Promise((resolve) => worker.once('exit', resolve));
  clearInterval(timer);
  console.log(`${turns * (until === 0 ? 1 : CASES_PER_TURN)} cases from seed ${seed}: ${findings} findings`);
  return findings;
}

if (isMainThread) process.exitCode = (await watch()) > 0 ? 1 : 0;
else await hunt(workerData as Task);
