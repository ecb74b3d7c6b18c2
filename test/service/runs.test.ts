import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { RunSnapshot } from '../../shared/model/run.ts';
import type { RunProgress } from '../../shared/model/run.ts';
import { ownIdentity } from '../../electron/service/store/process-identity.ts';
import { build, dir, file } from '../support/trees.ts';
import { errorOf, hostDraft, local, onHost, profileDraft, startService, tempFolder } from './harness.ts';
import type { TestService } from './harness.ts';

const DONE = `parentPort.postMessage({ type: 'done', outcome: { kind: 'ran', totals: { filesTotal: 1, filesTransferred: 1, created: 0, deleted: 0, totalSize: 1, transferredSize: 1, literal: 1, matched: 0, sent: 1, received: 1 }, issueCount: 0, exitCode: 0 } });`;
const FAILED = (kind: string): string =>
  `parentPort.postMessage({ type: 'failed', error: { kind: '${kind}', code: 'c', message: 'M.', exitCode: 12, retryable: false } });`;
const progress: RunProgress = {
  phase: 'transferring',
  name: 'f' as RunProgress['name'],
  filesDone: 1,
  filesTotal: 2,
  bytesDone: 3,
  bytesTotal: 4,
  listComplete: true,
  literal: 5,
  matched: 6,
  sent: 7,
  received: 8,
  rate: 9,
  etaSeconds: 1,
};
const EVENTS = (issues = 0): string =>
  `parentPort.postMessage(${JSON.stringify({
    type: 'events',
    progress,
    issues: Array.from({ length: issues }, (_, i) => ({ code: 'x', path: `p${i}`, message: 'm' })),
    items: [],
    steps: [],
  })});`;

/** A worker that does `body` with its task. `on.cancel` and `on.answer` may be set there. */
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

async function setUp(body: string, more: Parameters<typeof startService>[0] = {}) {
  const folder = tempFolder();
  build(join(folder, 'source'), dir({ a: file('x') }));
  const service = await startService({ workerFile: worker(folder, body), ...more });
  const profile = await service.profiles.add(
    profileDraft('docs', local(join(folder, 'source')), local(join(folder, 'mirror'))),
  );
  return { folder, service, profile };
}

const run = async (service: TestService, profileId: string): Promise<string> =>
  (await service.runs.start({ profileId, planId: null, confirmed: [] })).runId;

const WAIT = `on.cancel = () => { ${FAILED('cancelled')} };`;

describe('locks', () => {
  it('a second run of the profile, or to the same destination, is refused; the next one works', async () => {
    const { service, profile, folder } = await setUp(WAIT);
    build(join(folder, 'other'), dir({ b: file('y') }));
    const rival = await service.profiles.add(
      profileDraft('rival', local(join(folder, 'other')), local(join(folder, 'x/../mirror'))),
    );
    const first = await run(service, profile.id);
    expect(await errorOf(run(service, profile.id))).toMatchObject({ kind: 'usage', code: 'profile-busy' });
    expect(await errorOf(run(service, rival.id))).toMatchObject({ kind: 'usage', code: 'destination-busy' });
    const elsewhere = await startService({ homeFolder: service.homeFolder, workerFile: join(folder, 'worker.mjs') });
    expect(await errorOf(run(elsewhere, profile.id))).toMatchObject({ code: 'profile-busy' });
    expect(elsewhere.notices).toEqual([]);

    service.runs.cancel(first);
    expect(await service.runs.ended(first)).toMatchObject({ outcome: 'cancelled', exitCode: 12 });
    expect(readdirSync(join(service.homeFolder, 'locks'))).toEqual([]);
    const second = await run(service, rival.id);
    service.runs.cancel(second);
    await service.runs.ended(second);
  });

  it('the run of a killed process is reported as interrupted at the next start', async () => {
    const { service, profile, folder } = await setUp(DONE);
    const child = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => child.on('close', resolve));
    const about = { runId: 'aaaaaaaa-0000', profileId: profile.id, profileName: 'docs', startedAt: 5 };
    const holder = { ...ownIdentity, pid: child.pid, token: 't', since: 5, about };
    writeFileSync(join(service.homeFolder, 'locks', `profile-${profile.id}.lock`), JSON.stringify(holder));
    const next = await startService({ homeFolder: service.homeFolder, workerFile: join(folder, 'worker.mjs') });
    expect(next.runs.get('aaaaaaaa-0000')).toMatchObject({ result: { outcome: 'interrupted', startedAt: 5 } });
    expect(next.notices).toEqual(['The run of “docs” was interrupted.']);
    expect(readdirSync(join(service.homeFolder, 'locks'))).toEqual([]);
    expect(await next.runs.ended(await run(next, profile.id))).toMatchObject({ outcome: 'success' });
  });
});

describe('how runs end', () => {
  it.each([
    ['an error', FAILED('connect'), { outcome: 'failed', exitCode: 12, error: { kind: 'connect' } }],
    ['a cancel of its own', FAILED('cancelled'), { outcome: 'cancelled' }],
    ['issues on the way', EVENTS(2) + DONE, { outcome: 'partial', exitCode: 23, issueCount: 2, error: null }],
    ['a throw', `throw new Error('x')`, { outcome: 'failed', error: { kind: 'internal' } }],
    ['process.exit', `process.exit(0)`, { outcome: 'failed', error: { kind: 'internal' } }],
  ])('after %s', async (_name, body, expected) => {
    const { service, profile } = await setUp(body);
    const runId = await run(service, profile.id);
    const result = await service.runs.ended(runId);
    expect(result).toMatchObject(expected);
    expect(service.profiles.get(profile.id).lastRun).toEqual(result);
    expect(service.ended.map((each) => each.result)).toEqual([result]);
    expect(v.safeParse(RunSnapshot, service.runs.get(runId)).issues).toBeUndefined();
    expect(readdirSync(join(service.homeFolder, 'locks'))).toEqual([]);
  });

  it('tells a flood of progress in few events, and the last state always', async () => {
    const { service, profile } = await setUp(EVENTS(1).repeat(300) + DONE);
    const seen: RunSnapshot[] = [];
    service.events.on('event.run', (snapshot) => seen.push(snapshot));
    const started = performance.now();
    const runId = await run(service, profile.id);
    await service.runs.ended(runId);
    const tenths = Math.ceil((performance.now() - started) / 100);
    expect(seen.length).toBeLessThanOrEqual(tenths + 2);
    expect(seen.at(-1)).toMatchObject({
      issueCount: 300,
      progress: { phase: 'ended', bytesDone: 3 },
      result: { outcome: 'partial' },
    });
    expect(seen.at(-1)?.issues).toHaveLength(300);
  });

  it('past runs are there after a restart, newest first; lines that are none are passed over', async () => {
    const { service, profile, folder } = await setUp(DONE);
    const ids = [];
    for (let i = 0; i < 3; i++) {
      ids.push(await run(service, profile.id));
      await service.runs.ended(ids.at(-1)!);
    }
    const log = join(service.homeFolder, 'runs.jsonl');
    writeFileSync(log, `${readFileSync(log, 'utf8')}{"half":`);
    const next = await startService({ homeFolder: service.homeFolder, workerFile: join(folder, 'worker.mjs') });
    expect(next.runs.list().map((each) => each.runId)).toEqual([...ids].reverse());
    const more = await run(next, profile.id);
    await next.runs.ended(more);
    const last = await startService({ homeFolder: service.homeFolder });
    expect(last.runs.list().map((each) => each.runId)).toEqual([more, ...[...ids].reverse()]);
  });
});

describe('questions', () => {
  const ask = (question: object): string =>
    `on.answer = ({ answer }) => { if (answer.answer.kind === 'secret' && answer.answer.secret === 'right') { ${EVENTS()} ${DONE} } else { ${FAILED('auth')} } };
     parentPort.postMessage({ type: 'ask', askId: 1, question: { kind: 'prompt', hostId: task.job.host.id, question: ${JSON.stringify(question)} } });`;
  const PASSWORD = { kind: 'password', host: 'h', user: 'u', attempt: 1 };

  async function withHost(body: string, more: Parameters<typeof startService>[0] = {}, secret: string | null = null) {
    const { service, folder } = await setUp(body, more);
    const host = await service.hosts.add(hostDraft(), secret);
    const profile = await service.profiles.add(
      profileDraft('push', local(join(folder, 'source')), onHost(host.id, 'backup')),
    );
    return { service, host, profile };
  }

  it('a saved password answers without a question', async () => {
    const { service, profile } = await withHost(ask(PASSWORD), { attended: false }, 'right');
    expect(await service.runs.ended(await run(service, profile.id))).toMatchObject({ outcome: 'success' });
  });

  it('nobody there: refused at once, needs attention', async () => {
    const { service, profile } = await withHost(ask(PASSWORD), { attended: false });
    expect(await service.runs.ended(await run(service, profile.id))).toMatchObject({
      outcome: 'needs-attention',
      error: { kind: 'auth' },
    });
  });

  it('a person answers; what worked is remembered, what failed is not', async () => {
    const { service, profile, host } = await withHost(ask(PASSWORD));
    let secret = 'wrong';
    service.events.on('event.prompt', ({ promptId }) =>
      service.prompts.answer(promptId, { kind: 'secret', secret, remember: true }),
    );
    expect(await service.runs.ended(await run(service, profile.id))).toMatchObject({ outcome: 'failed' });
    expect(service.keychain.items.size).toBe(0);
    secret = 'right';
    expect(await service.runs.ended(await run(service, profile.id))).toMatchObject({ outcome: 'success' });
    expect(service.keychain.items.get(host.id)).toContain('"secret":"right"');
  });

  it('the wrong kind of answer is refused and the question stays; cancel closes it', async () => {
    const { service, profile } = await withHost(`${ask(PASSWORD)} ${WAIT}`);
    const asked = new Promise<string>((resolve) =>
      service.events.on('event.prompt', ({ promptId }) => resolve(promptId)),
    );
    const closed = new Promise<string>((resolve) =>
      service.events.on('event.promptClosed', ({ promptId }) => resolve(promptId)),
    );
    const runId = await run(service, profile.id);
    const promptId = await asked;
    expect(await errorOf(() => service.prompts.answer(promptId, { kind: 'accept-host-key' }))).toMatchObject({
      code: 'wrong-answer',
    });
    expect(service.prompts.list().map((each) => each.promptId)).toEqual([promptId]);
    service.runs.cancel(runId);
    expect(await closed).toBe(promptId);
    await service.runs.ended(runId);
    expect(service.prompts.list()).toEqual([]);
  });
});

describe('closing', () => {
  it('cancels what runs and leaves no lock', async () => {
    const { service, profile, folder } = await setUp(WAIT);
    const runId = await run(service, profile.id);
    await service.close();
    expect(await service.runs.ended(runId)).toMatchObject({ outcome: 'cancelled' });
    expect(readdirSync(join(service.homeFolder, 'locks'))).toEqual([]);
    expect(existsSync(join(folder, 'mirror'))).toBe(false);
  });
});
