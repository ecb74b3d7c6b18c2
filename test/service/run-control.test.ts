import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../electron/service/ports.ts';
import type { RunPhase, RunSnapshot } from '../../shared/model/run.ts';
import { build, dir, file } from '../support/trees.ts';
import { errorOf, local, profileDraft, startService, tempFolder } from './harness.ts';
import type { TestService } from './harness.ts';

const TOTALS = `{ filesTotal: 1, filesTransferred: 1, created: 0, deleted: 0, totalSize: 1, transferredSize: 1, literal: 1, matched: 0, sent: 1, received: 1 }`;
const DONE = `parentPort.postMessage({ type: 'done', outcome: { kind: 'ran', totals: ${TOTALS}, issueCount: 0, exitCode: 0 } });`;
const FAILED = `parentPort.postMessage({ type: 'failed', error: { kind: 'cancelled', code: 'c', message: 'M.', exitCode: 20, retryable: false } });`;
const PROGRESS = (bytes: number): string =>
  `parentPort.postMessage({ type: 'events', issues: [], items: [], steps: [], progress: { phase: 'transferring', name: 'f', filesDone: 0, filesTotal: 1, bytesDone: ${bytes}, bytesTotal: 9, listComplete: true, literal: 0, matched: 0, sent: 0, received: 0, rate: 5, etaSeconds: 1 } });`;
/** Works until it is told to end. */
const UNTIL_CANCELLED = `on.cancel = () => { ${FAILED} };`;

function worker(folder: string, body: string): string {
  const path = join(folder, 'worker.mjs');
  writeFileSync(
    path,
    `import { parentPort } from 'node:worker_threads';
const on = {};
parentPort.on('message', (message) => {
  if (message.type === 'start') { const { task } = message; ${body} } else on[message.type]?.(message);
});`,
  );
  return path;
}

async function setUp(profiles: number, more: Parameters<typeof startService>[0] = {}, body = UNTIL_CANCELLED) {
  const folder = tempFolder();
  build(join(folder, 'source'), dir({ a: file('x') }));
  const service = await startService({ workerFile: worker(folder, body), ...more });
  const ids: string[] = [];
  for (let n = 0; n < profiles; n++) {
    const draft = profileDraft(`p${n}`, local(join(folder, 'source')), local(join(folder, `mirror${n}`)));
    ids.push((await service.profiles.add(draft)).id);
  }
  return { folder, service, ids };
}

const start = async (service: TestService, profileId: string): Promise<string> =>
  (await service.runs.start({ profileId, planId: null, confirmed: [] })).runId;
/** One after the other: together, the guard's looks decide which of them comes first. */
async function startAll(service: TestService, ids: readonly string[]): Promise<string[]> {
  const runs: string[] = [];
  for (const id of ids) runs.push(await start(service, id));
  return runs;
}
const phase = (service: TestService, runId: string): RunPhase => service.runs.get(runId).progress.phase;
const cancelled = async (service: TestService, runId: string) => {
  service.runs.cancel(runId);
  return service.runs.ended(runId);
};
const reaches = (service: TestService, runId: string, wanted: (run: RunSnapshot) => boolean): Promise<void> =>
  new Promise((resolve) => {
    const stop = service.events.on('event.run', (run) => {
      if (run.runId !== runId || !wanted(run)) return;
      stop();
      resolve();
    });
    if (wanted(service.runs.get(runId))) {
      stop();
      resolve();
    }
  });

describe('several runs', () => {
  it('as many at once as the settings say; the others wait, visibly, in their order', async () => {
    const { service, ids } = await setUp(4);
    const [a, b, c, d] = await startAll(service, ids);
    expect([a, b, c, d].map((id) => phase(service, id!) === 'queued')).toEqual([false, false, true, true]);
    expect(await errorOf(start(service, ids[2]!))).toMatchObject({ code: 'profile-busy' });
    expect(await errorOf(() => service.runs.pause(c!))).toMatchObject({ code: 'not-going-on' });

    await cancelled(service, a!);
    await reaches(service, c!, (run) => run.progress.phase !== 'queued');
    expect(phase(service, d!)).toBe('queued');
    expect(await cancelled(service, d!)).toMatchObject({ outcome: 'cancelled' });
    await cancelled(service, b!);
    await cancelled(service, c!);
  });

  it('a larger limit lets them in at once', async () => {
    const { service, ids } = await setUp(3);
    const runs = await startAll(service, ids);
    expect(phase(service, runs[2]!)).toBe('queued');
    await service.settings.update({ parallelRuns: 3 });
    await reaches(service, runs[2]!, (run) => run.progress.phase !== 'queued');
    for (const id of runs) await cancelled(service, id);
  });

  it('what the guard saw before the wait is looked at again', async () => {
    const { service, ids, folder } = await setUp(3);
    const runs = await startAll(service, ids);
    renameSync(join(folder, 'source'), join(folder, 'elsewhere'));
    await cancelled(service, runs[0]!);
    expect(await service.runs.ended(runs[2]!)).toMatchObject({
      outcome: 'needs-attention',
      error: { code: 'source-missing' },
    });
    await cancelled(service, runs[1]!);
  });
});

describe('pause', () => {
  const PAUSABLE = `${UNTIL_CANCELLED} on.pause = () => { ${PROGRESS(3)} }; on.resume = () => { ${DONE} }; ${PROGRESS(2)}`;

  it('is shown while it lasts, whatever still comes in, and goes on', async () => {
    const { service, ids } = await setUp(1, {}, PAUSABLE);
    const runId = await start(service, ids[0]!);
    await reaches(service, runId, (run) => run.progress.phase === 'transferring');
    service.runs.pause(runId);
    service.runs.pause(runId);
    await reaches(service, runId, (run) => run.progress.bytesDone === 3);
    expect(service.runs.get(runId).progress).toMatchObject({ phase: 'paused', rate: 0, etaSeconds: null });
    service.runs.resume(runId);
    expect(await service.runs.ended(runId)).toMatchObject({ outcome: 'success' });
    expect(await errorOf(() => service.runs.resume(runId))).toMatchObject({ code: 'not-going-on' });
  });

  it('ends after ten minutes, and says what to do', async () => {
    const timers = new Map<number, () => void>();
    const clock: Clock = {
      now: () => Date.now(),
      timer(ms, fire) {
        if (ms === 600_000) {
          timers.set(ms, fire);
          return () => timers.delete(ms);
        }
        const timeout = setTimeout(fire, ms);
        return () => clearTimeout(timeout);
      },
    };
    const { service, ids } = await setUp(1, { clock }, PAUSABLE);
    const runId = await start(service, ids[0]!);
    await reaches(service, runId, (run) => run.progress.phase === 'transferring');
    service.runs.pause(runId);
    service.runs.resume(runId);
    expect(timers.size).toBe(0);
    const second = await start(service, ids[0]!).catch(async () => {
      await service.runs.ended(runId);
      return start(service, ids[0]!);
    });
    await reaches(service, second, (run) => run.progress.phase === 'transferring');
    service.runs.pause(second);
    timers.get(600_000)!();
    expect(await service.runs.ended(second)).toMatchObject({
      outcome: 'cancelled',
      error: { code: 'paused-too-long', message: 'The run was paused for ten minutes, so its connection was closed.' },
    });
  });

  it('a paused run can be cancelled', async () => {
    const { service, ids } = await setUp(1, {}, PAUSABLE);
    const runId = await start(service, ids[0]!);
    await reaches(service, runId, (run) => run.progress.phase === 'transferring');
    service.runs.pause(runId);
    expect(await cancelled(service, runId)).toMatchObject({ outcome: 'cancelled' });
  });
});

describe('retry', () => {
  const ISSUES = (...paths: string[]): string =>
    `parentPort.postMessage({ type: 'events', progress: null, items: [], steps: [], issues: ${JSON.stringify(
      paths.map((path) => ({ code: 'read-failed', path, message: 'm' })),
    )} });`;

  it.each([
    ['just what had issues', ['a', 'd/b'], ['a', 'd/b']],
    ['everything, when one names nothing', ['a', ''], null],
    ['everything, when there are more than are kept', Array.from({ length: 1001 }, (_, n) => `f${n}`), null],
    ['everything, when there were none', [], null],
  ])('%s', async (_name, paths, only) => {
    const body = `${ISSUES(...paths)}
      parentPort.postMessage({ type: 'events', progress: null, issues: [], steps: [], items: [{ path: JSON.stringify(task.only), action: 'create', itemized: 'x', size: 0 }] }); ${DONE}`;
    const { service, ids } = await setUp(1, {}, body);
    const first = await start(service, ids[0]!);
    await service.runs.ended(first);
    const { runId } = await service.runs.retry(first);
    await service.runs.ended(runId);
    const page = { offset: 0, limit: 1, actions: [], search: '' };
    expect(service.runs.items(runId, page).rows.map(({ path }) => path)).toEqual([JSON.stringify(only)]);
  });

  it('really carries out only those', async () => {
    const folder = tempFolder();
    build(join(folder, 'source'), dir({ sub: dir({ b: file('b') }), c: file('c') }));
    const service = await startService();
    const mirror = join(folder, 'mirror');
    const { id } = await service.profiles.add(
      profileDraft('docs', local(join(folder, 'source')), local(mirror), { delete: true }),
    );
    await service.runs.ended(await start(service, id));
    for (const name of ['n1', 'sub/n2', 'n3']) writeFileSync(join(folder, 'source', name), 'planned');
    const { planId } = await service.previews.create(id, () => undefined, new AbortController().signal);
    // Something else was made there meanwhile: left alone, and told.
    for (const name of ['n1', 'sub/n2']) writeFileSync(join(mirror, name), 'made since');
    const { runId } = await service.runs.start({ profileId: id, planId, confirmed: [] });
    expect(await service.runs.ended(runId)).toMatchObject({ outcome: 'partial', issueCount: 2 });
    writeFileSync(join(folder, 'source/c'), 'not asked for');
    const retry = await service.runs.retry(runId);
    expect(await service.runs.ended(retry.runId)).toMatchObject({ outcome: 'success' });
    const read = (name: string): string => readFileSync(join(mirror, name), 'utf8');
    expect(['n1', 'sub/n2', 'n3', 'c'].map(read)).toEqual(['planned', 'planned', 'planned', 'c']);
  });
});
