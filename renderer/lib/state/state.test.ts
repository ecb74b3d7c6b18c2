import { describe, expect, it } from 'vitest';
import { fail } from '../../../shared/errors.ts';
import { DEFAULT_SETTINGS } from '../../../shared/model/settings.ts';
import type { PlanRow } from '../../../shared/model/preview.ts';
import { createFakeBackend } from '../backend-fake.ts';
import { HOSTS, id, planRow, PROFILES, result, snapshot } from '../../dev/samples.ts';
import { Hosts } from './hosts.svelte.ts';
import { Preview } from './preview.svelte.ts';
import { Profiles } from './profiles.svelte.ts';
import { Prompts } from './prompts.svelte.ts';
import { monotonicFraction, Runs } from './runs.svelte.ts';
import { Settings } from './settings.svelte.ts';
import { Toasts } from './toasts.svelte.ts';

const tick = () => new Promise<void>((resolve) => setImmediate(resolve));
const COUNTS = {
  create: 900,
  update: 0,
  attributes: 0,
  delete: 100,
  unchanged: 0,
  destinationTotal: 100,
  sourceTotal: 900,
  transferSize: 1,
  deleteSize: 1,
  replacesNewer: 0,
  keptByFilter: 0,
};

describe('Settings', () => {
  it('are none, rather than the defaults, until they are known', async () => {
    const kept = { ...DEFAULT_SETTINGS, parallelRuns: 7 };
    const settings = new Settings(createFakeBackend({ 'settings.get': () => kept }), { apply: () => undefined });
    expect(settings.values).toBeNull();
    await settings.load();
    expect(settings.values).toEqual(kept);
  });
});

describe('Hosts', () => {
  it('keeps the order of the list when the event comes before the reply', async () => {
    const added = { ...HOSTS[0]!, id: id(50), name: 'new' };
    const backend = createFakeBackend({
      'hosts.list': () => [HOSTS[0]!],
      'hosts.add': () => {
        backend.emit('event.hosts', [HOSTS[0]!, added]);
        return added;
      },
    });
    const hosts = new Hosts(backend);
    await hosts.load();
    await hosts.save(null, added, null);
    expect(hosts.list?.map((host) => host.name)).toEqual(['backup', 'new']);
  });

  it('shows the steps of a test and how it ended', async () => {
    const backend = createFakeBackend({
      'hosts.test': (_, update) => {
        update({ step: 'one' });
        update({ step: 'two' });
        throw fail('auth', 'agent-unavailable', 'no agent');
      },
    });
    const hosts = new Hosts(backend);
    const run = hosts.startTest(id(1));
    expect(hosts.isTesting(id(1))).toBe(true);
    await run;
    expect(hosts.test(id(1))).toMatchObject({
      steps: ['one', 'two'],
      result: null,
      error: { code: 'agent-unavailable' },
    });
    hosts.forgetTest(id(1));
    expect(hosts.test(id(1))).toBeNull();
  });

  it('stops a test through its signal', async () => {
    const backend = createFakeBackend({
      'hosts.test': (_, __, signal) =>
        new Promise((_ok, refuse) =>
          signal.addEventListener('abort', () => refuse(fail('cancelled', 'cancelled', 'stopped'))),
        ),
    });
    const hosts = new Hosts(backend);
    const run = hosts.startTest(id(1));
    hosts.cancelTest(id(1));
    await run;
    expect(hosts.test(id(1))?.error?.kind).toBe('cancelled');
  });
});

describe('Profiles', () => {
  it('knows which of them use a host', async () => {
    const profiles = new Profiles(createFakeBackend({ 'profiles.list': () => PROFILES }));
    await profiles.load();
    expect(profiles.usingHost(id(3)).map((profile) => profile.name)).toEqual(['Web site']);
  });
});

describe('Runs', () => {
  const running = snapshot(PROFILES[0]!, null);
  const at = (bytesDone: number, bytesTotal: number) => ({
    ...running,
    progress: { ...running.progress, bytesDone, bytesTotal, listComplete: false },
  });

  it('never moves its progress back while the list grows', () => {
    const backend = createFakeBackend({});
    const runs = new Runs(backend);
    const seen = [at(50, 100), at(60, 400), at(390, 400)].map((run) => {
      backend.emit('event.run', run);
      return runs.fraction(run.runId);
    });
    expect(seen).toEqual([0.5, 0.5, 0.975]);
  });

  it('counts files where there are no bytes, and says nothing before there is anything', () => {
    const p = running.progress;
    expect(monotonicFraction(0, { ...p, bytesTotal: 0, filesDone: 1, filesTotal: 4 })).toBe(0.25);
    expect(monotonicFraction(0, { ...p, bytesTotal: 0, filesTotal: 0 })).toBeNull();
    expect(monotonicFraction(0.3, { ...p, bytesTotal: 0, filesTotal: 0 })).toBe(0.3);
    expect(monotonicFraction(0.3, { ...p, phase: 'ended' })).toBe(1);
  });

  it('tells the end once and ignores what comes after', () => {
    const backend = createFakeBackend({});
    const runs = new Runs(backend);
    const ends: string[] = [];
    runs.onEnded = (run) => ends.push(run.runId);
    const done = { ...snapshot(PROFILES[0]!, result(1, 'success', 0)), runId: running.runId };
    backend.emit('event.run', running);
    expect(runs.activeOf(PROFILES[0]!.id)?.runId).toBe(running.runId);
    backend.emit('event.run', done);
    backend.emit('event.run', running);
    backend.emit('event.run', done);
    expect(ends).toEqual([running.runId]);
    expect(runs.activeCount).toBe(0);
  });
});

describe('Prompts', () => {
  const prompt = (n: number) => ({
    promptId: id(n),
    hostId: null,
    question: { kind: 'password' as const, host: 'h', user: 'u', attempt: 1 },
  });

  it('asks one at a time, oldest first, and drops what was answered elsewhere', async () => {
    const backend = createFakeBackend({ 'prompts.list': () => [prompt(1)], 'prompts.answer': () => null });
    const prompts = new Prompts(backend);
    await prompts.load();
    backend.emit('event.prompt', prompt(1));
    backend.emit('event.prompt', prompt(2));
    backend.emit('event.prompt', prompt(3));
    backend.emit('event.promptClosed', { promptId: id(2) });
    await prompts.answer(id(1), { kind: 'refuse' });
    expect(prompts.current?.promptId).toBe(id(3));
  });
});

describe('Preview', () => {
  function backendOf(rows: PlanRow[]) {
    return createFakeBackend({
      'preview.create': () => ({
        ...{ planId: id(7), profileId: id(1), counts: COUNTS, choice: { counts: COUNTS, warnings: [] } },
        ...{ deletes: true, issueCount: 0, issues: [] },
      }),
      'preview.rows': ({ offset, limit, actions, search }) => {
        const found = rows.filter(
          (row) => (actions.length === 0 || actions.includes(row.action)) && row.path.includes(search),
        );
        return { total: found.length, ticked: found.length, rows: found.slice(offset, offset + limit) };
      },
      'preview.discard': () => null,
    });
  }
  const rows = Array.from({ length: 10_000 }, (_, n) => planRow(n));

  it('loads the pages that are looked at, each once, and keeps a bounded number', async () => {
    const backend = backendOf(rows);
    const preview = new Preview(backend, id(1));
    await preview.create();
    expect(preview.total).toBe(10_000);
    await preview.ensure(390, 410);
    await preview.ensure(390, 410);
    expect(preview.row(399)?.index).toBe(399);
    expect(preview.row(400)?.index).toBe(400);
    const offsets = backend.requests
      .filter((request) => request.name === 'preview.rows')
      .map((request) => (request.input as { offset: number }).offset);
    expect(offsets).toEqual([0, 200, 400]);
    for (let first = 0; first < 10_000; first += 200) await preview.ensure(first, first + 10);
    expect(preview.row(0)).toBeNull();
    expect(preview.row(9_999)?.index).toBe(9_999);
  });

  it('filters by action and text, and the newest filter wins', async () => {
    const preview = new Preview(backendOf(rows), id(1));
    await preview.create();
    preview.setSearch('album 1');
    preview.toggleAction('delete');
    preview.setSearch('');
    await tick();
    expect(preview.total).toBe(rows.filter((row) => row.action === 'delete').length);
    expect(preview.row(0)?.action).toBe('delete');
  });

  it('discards its plan when it is left, unless a run carries it out', async () => {
    for (const handOver of [false, true]) {
      const backend = backendOf(rows);
      const preview = new Preview(backend, id(1));
      await preview.create();
      if (handOver) preview.handOver();
      preview.close();
      expect(backend.requests.some((request) => request.name === 'preview.discard')).toBe(!handOver);
    }
  });
});

it('Toasts keep the newest', () => {
  const toasts = new Toasts();
  for (let n = 0; n < 9; n++) toasts.show('neutral', String(n));
  toasts.dismiss(toasts.items[0]!.id);
  expect(toasts.items.map((toast) => toast.text)).toEqual(['6', '7', '8']);
});
