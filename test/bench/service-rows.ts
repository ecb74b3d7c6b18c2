import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createService, type Service } from '../../electron/service/create-service.ts';
import { openHome } from '../../electron/service/home.ts';
import { openConfFile } from '../../electron/service/store/conf-store.ts';
import { bytesToText, textToBytes } from '../../shared/model/path.ts';
import { DEFAULT_PROFILE_OPTIONS, type Endpoint, singleSource } from '../../shared/model/profile.ts';
import { type BenchRun, GIB } from './bench-run.ts';
import { empty } from './data.ts';
import { measure, median } from './measure.ts';
import type { Limits, Outcome } from './outcome.ts';

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
  try {
    return await work(service);
  } finally {
    await service.close();
    bench.forget('service-home');
  }
}

async function addProfile(service: Service, source: Endpoint, destination: Endpoint): Promise<string> {
  const options = { ...DEFAULT_PROFILE_OPTIONS, timeout: 600 };
  const ends = { source: singleSource(source), destination };
  return (await service.profiles.add({ name: 'bench', tags: [], ...ends, contentsOnly: true, options })).id;
}

const local = (path: string): Endpoint => ({ kind: 'local', path: bytesToText(textToBytes(path)) });

/** The 99th percentile of how late the process that hosts the service answers, in milliseconds, while `work` goes on. */
async function delayDuring(work: () => Promise<void>): Promise<{ p99: number; max: number }> {
  const resolution = 10;
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  await work();
  histogram.disable();
  // The histogram holds whole intervals of its timer: lateness is what goes beyond it.
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolution);
  return { p99: late(histogram.percentile(99)), max: late(histogram.max) };
}

function delayOutcome(label: string, { p99, max }: { p99: number; max: number }): Outcome {
  const note = `worst ${max.toFixed(1)} ms`;
  return {
    kind: 'figure',
    label: `service event-loop delay p99, ${label}`,
    limits: DELAY_LIMITS,
    value: p99,
    unit: 'ms',
    note,
  };
}

/** How responsive the service stays while a worker pushes 1 GiB. */
export async function delayInRun(bench: BenchRun): Promise<Outcome> {
  const { sshd } = bench.rig;
  const source = bench.big();
  const target = bench.path('target');
  empty(target);
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
    bench.say('service event-loop delay: 1 GiB run');
    return delayDuring(async () => {
      const { runId } = await service.runs.start({ profileId, planId: null, confirmed: [] });
      const { outcome, error } = await service.runs.ended(runId);
      if (outcome !== 'success') throw new Error(`The run ended as ${outcome}: ${error?.message ?? ''}`);
    });
  });
  bench.forget('target');
  return delayOutcome('1 GiB run', delay);
}

/** A preview of a million entries against a million, until its first rows are there, beside `rsync -n`. */
export async function planMillion(bench: BenchRun): Promise<Outcome[]> {
  const label = 'plan of 1 M × 1 M entries and first rows';
  const lacking = bench.lacksSpace(6 * GIB);
  if (lacking !== null) return [{ kind: 'note', label, text: lacking }];
  const source = bench.small(MILLION, 'empty');
  const target = bench.path('target');
  bench.data('target', () => empty(target));
  const stock = bench.rig.rsync(['-an', `${source}/`, `${target}/`]);
  await measure({ program: 'cp', args: ['-a', `${source}/.`, target] });
  const ours: number[] = [];
  const theirs: number[] = [];
  const delays: { p99: number; max: number }[] = [];
  for (let i = 0; i < bench.runs; i++) {
    bench.say(`${label}: ${i + 1}/${bench.runs}`);
    await withService(bench, async (service) => {
      const profileId = await addProfile(service, local(source), local(target));
      const start = performance.now();
      delays.push(
        await delayDuring(async () => {
          const { planId } = await service.previews.create(profileId, () => undefined, new AbortController().signal);
          await service.previews.rows(planId, { offset: 0, limit: 100, actions: [], search: '' });
          ours.push((performance.now() - start) / 1000);
        }),
      );
    });
    theirs.push((await measure(stock)).seconds);
  }
  bench.forget('target');
  const choosing = await delayOfChoosing(bench, source);
  const [mine, rsync] = [median(ours), median(theirs)];
  const worst = delays.reduce((a, b) => (b.p99 > a.p99 ? b : a));
  return [
    {
      kind: 'figure',
      label,
      limits: { then: 2, goal: 1 },
      value: mine / rsync,
      unit: '×',
      note: `driftline ${mine.toFixed(2)} s, rsync -n ${rsync.toFixed(2)} s`,
    },
    delayOutcome('1 M-entry preview', worst),
    delayOutcome('1 M-row plan made, searched and unticked', choosing),
  ];
}

/** A plan of a million rows: made, searched, and half of it unticked, as a person does it. */
async function delayOfChoosing(bench: BenchRun, source: string): Promise<{ p99: number; max: number }> {
  return withService(bench, async (service) => {
    const profileId = await addProfile(service, local(source), local(bench.path('nowhere')));
    return delayDuring(async () => {
      const { planId } = await service.previews.create(profileId, () => undefined, new AbortController().signal);
      const filter = { actions: [], search: '7' };
      await service.previews.rows(planId, { ...filter, offset: 0, limit: 200 });
      await service.previews.tick(planId, { kind: 'shown', filter, first: 0, last: MILLION }, false);
      await service.previews.rows(planId, { actions: [], search: 'é', offset: 0, limit: 200 });
    });
  });
}
