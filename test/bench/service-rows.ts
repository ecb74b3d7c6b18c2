import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createService, type Service } from '../../electron/service/create-service.ts';
import { openHome } from '../../electron/service/home.ts';
import { openConfFile } from '../../electron/service/store/conf-store.ts';
import { bytesToText, textToBytes } from '../../shared/model/path.ts';
import { DEFAULT_PROFILE_OPTIONS, type Endpoint, singleSource } from '../../shared/model/profile.ts';
import type { BenchRun } from './bench-run.ts';
import { type Measured, summarize } from './measure.ts';
import type { Limits, Outcome } from './outcome.ts';
import { TARGET } from './transfer-rows.ts';

const DELAY_LIMITS: Limits = { first: 50, then: 16, goal: 16 };
const MILLION = 1_000_000;

/** Works with a service of its own in this process, as the shells host one. */
async function withService<T>(bench: BenchRun, work: (service: Service) => Promise<T>): Promise<T> {
  const { sshd } = bench.rig;
  const home = openHome(bench.path('service-home'));
  const service = await createService({
    shell: 'browser',
    version: 'bench',
    home,
    storeFile: openConfFile(home.storeFile),
    notifier: { runEnded: () => undefined, notice: (message) => bench.say(message) },
    dialogs: { pickFolder: () => Promise.resolve(null) },
    keychain: {
      backend: () => Promise.resolve(null),
      get: () => Promise.resolve(null),
      set: () => Promise.reject(new Error('no keychain')),
      delete: () => Promise.resolve(),
    },
  });
  service.events.on('event.prompt', ({ promptId, question }) => {
    const known = question.kind === 'host-key' && question.fingerprint === sshd.hostFingerprint;
    service.prompts.answer(promptId, known ? { kind: 'accept-host-key' } : { kind: 'refuse' });
  });
  const stopped = new Promise<never>((_resolve, reject) => {
    bench.signal.addEventListener('abort', () => reject(bench.signal.reason as Error), { once: true });
  });
  try {
    return await Promise.race([work(service), stopped]);
  } finally {
    stopped.catch(() => undefined);
    await service.close();
    if (!bench.signal.aborted) await bench.forget('service-home');
  }
}

async function addProfile(service: Service, source: Endpoint, destination: Endpoint): Promise<string> {
  const options = { ...DEFAULT_PROFILE_OPTIONS, timeout: 600 };
  const ends = { source: singleSource(source), destination };
  return (await service.profiles.add({ name: 'bench', tags: [], ...ends, contentsOnly: true, options })).id;
}

const local = (path: string): Endpoint => ({ kind: 'local', path: bytesToText(textToBytes(path)) });

/** The 99th percentile of how late the process that hosts the service answers, in milliseconds, while `work` goes on. */
async function delayDuring(work: () => Promise<void>): Promise<Delay> {
  const resolution = 10;
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  await work();
  histogram.disable();
  // The histogram holds whole intervals of its timer: lateness is what goes beyond it.
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolution);
  return { p99: late(histogram.percentile(99)), max: late(histogram.max) };
}

interface Delay {
  p99: number;
  max: number;
}

/** @param delays each run's */
function delayOutcome(label: string, delays: readonly Delay[]): Outcome {
  return {
    kind: 'figure',
    label: `service event-loop delay p99, ${label}`,
    limits: DELAY_LIMITS,
    samples: delays.map(({ p99 }) => p99),
    unit: 'ms',
    note: `worst ${Math.max(...delays.map(({ max }) => max)).toFixed(1)} ms`,
  };
}

/** How responsive the service stays while a worker pushes 1 GiB. */
export async function delayInRun(bench: BenchRun): Promise<Outcome> {
  const { sshd } = bench.rig;
  const source = await bench.big();
  const target = bench.path(TARGET);
  const label = '1 GiB run';
  const delays: Delay[] = [];
  for (let i = 0; i < bench.runs; i++) {
    await bench.empty(target);
    bench.say(`service event-loop delay, ${label}: ${i + 1}`);
    const delay = await withService(bench, async (service) => {
      const host = await service.hosts.add(
        {
          name: 'bench',
          address: sshd.host,
          port: sshd.port,
          user: sshd.user,
          auth: { kind: 'key', keyPath: bytesToText(textToBytes(sshd.keyPath)) },
          rsyncPath: '',
          jumpHostId: null,
        },
        null,
      );
      const destination: Endpoint = { kind: 'host', hostId: host.id, path: bytesToText(textToBytes(target)) };
      const profileId = await addProfile(service, local(source), destination);
      return delayDuring(async () => {
        const { runId } = await service.runs.start({ profileId, planId: null, confirmed: [] });
        const { outcome, error } = await service.runs.ended(runId);
        if (outcome !== 'success') throw new Error(`The run ended as ${outcome}: ${error?.message ?? ''}`);
      });
    });
    delays.push(delay);
  }
  await bench.forget(TARGET);
  return delayOutcome(label, delays);
}

/** A preview of a million entries against a million, until its first rows are there, beside `rsync -n`. */
export async function planMillion(bench: BenchRun): Promise<Outcome[]> {
  const label = 'plan of 1 M × 1 M entries and first rows';
  const source = await bench.many(MILLION);
  const target = bench.path(TARGET);
  await bench.copy(source, target);
  const stock = bench.rig.rsync(['-an', `${source}/`, `${target}/`]);
  const ours: number[] = [];
  const theirs: Measured[] = [];
  const delays: Delay[] = [];
  for (let i = 0; i < bench.runs; i++) {
    bench.say(`${label}: ${i + 1}/${bench.runs}`);
    await withService(bench, async (service) => {
      const profileId = await addProfile(service, local(source), local(target));
      const start = performance.now();
      delays.push(
        await delayDuring(async () => {
          const { planId } = await service.previews.create(profileId, () => undefined, bench.signal);
          await service.previews.rows(planId, { offset: 0, limit: 100, actions: [], search: '' });
          ours.push((performance.now() - start) / 1000);
        }),
      );
    });
    theirs.push(await bench.measure(stock));
  }
  await bench.forget(TARGET);
  return [
    {
      kind: 'times',
      label,
      limits: { then: 2, goal: 1 },
      // The service lives in this process: its memory and processor time are not to be told from the benchmark's.
      ours: summarize(
        'driftline, a preview',
        ours.map((seconds) => ({ seconds, peakKib: 0, cpuSeconds: 0 })),
      ),
      stock: summarize('rsync -n', theirs),
      others: [],
    },
    delayOutcome('1 M-entry preview', delays),
  ];
}

/** A plan of a million rows: made, searched, and half of it unticked, as a person does it. */
export async function delayOfChoosing(bench: BenchRun): Promise<Outcome> {
  const label = '1 M-row plan made, searched and unticked';
  const source = await bench.many(MILLION);
  const delays: Delay[] = [];
  for (let i = 0; i < bench.runs; i++) {
    bench.say(`service event-loop delay, ${label}: ${i + 1}`);
    const delay = await withService(bench, async (service) => {
      const profileId = await addProfile(service, local(source), local(bench.path('nowhere')));
      return delayDuring(async () => {
        const { planId } = await service.previews.create(profileId, () => undefined, bench.signal);
        const filter = { actions: [], search: '7' };
        await service.previews.rows(planId, { ...filter, offset: 0, limit: 200 });
        await service.previews.tick(planId, { kind: 'shown', filter, first: 0, last: MILLION }, false);
        await service.previews.rows(planId, { actions: [], search: 'é', offset: 0, limit: 200 });
      });
    });
    delays.push(delay);
  }
  return delayOutcome(label, delays);
}
