import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PathText } from '../../shared/model/path.ts';
import type { PlanSelection } from '../../shared/model/preview.ts';
import type { Prompt } from '../../shared/model/prompt.ts';
import { build, dir, file, manifest } from '../support/trees.ts';
import { startSshd } from '../support/sshd.ts';
import type { Sshd } from '../support/sshd.ts';
import { errorOf, hostDraft, local, onHost, profileDraft, startService, tempFolder } from './harness.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

const tree = () => dir({ 'a.txt': file('first'), sub: dir({ 'b.bin': file({ size: 300_000, seed: 7 }) }) });
const keyHost = () =>
  hostDraft({ port: sshd.port, user: sshd.user, auth: { kind: 'key', keyPath: sshd.keyPath as PathText } });

describe('a local mirror', () => {
  it('previews, pages the rows, runs exactly the plan, and then finds nothing to do', async () => {
    const service = await startService();
    const folder = tempFolder();
    const [source, destination] = [join(folder, 'source'), join(folder, 'mirror')];
    build(source, tree());
    const profile = await service.profiles.add(
      profileDraft('docs', local(source), local(destination), { delete: true }),
    );
    const phases = new Set<string>();
    const summary = await service.previews.create(
      profile.id,
      (update) => phases.add(update.phase),
      new AbortController().signal,
    );
    expect(summary).toMatchObject({ choice: { warnings: [] }, issueCount: 0, counts: { delete: 0, sourceTotal: 3 } });
    const page = await service.previews.rows(summary.planId, { offset: 0, limit: 10, actions: [], search: 'B.BIN' });
    expect(page).toMatchObject({ total: 1, rows: [{ path: 'sub/b.bin', action: 'create', itemized: '>f+++++++++' }] });

    const { runId } = await service.runs.start({ profileId: profile.id, planId: summary.planId, confirmed: [] });
    expect(await service.runs.ended(runId)).toMatchObject({ outcome: 'success', exitCode: 0, error: null });
    expect([...manifest(destination)]).toEqual([...manifest(source)]);
    expect(service.profiles.get(profile.id).lastRun).toMatchObject({ runId, outcome: 'success' });
    expect(service.ended.map((run) => run.runId)).toEqual([runId]);
    expect(
      await errorOf(service.runs.start({ profileId: profile.id, planId: summary.planId, confirmed: [] })),
    ).toMatchObject({ code: 'unknown-plan' });

    const again = await service.runs.start({ profileId: profile.id, planId: null, confirmed: [] });
    expect(await service.runs.ended(again.runId)).toMatchObject({
      outcome: 'success',
      totals: { filesTransferred: 0 },
    });
  });

  it('lists a large destination in a thread of its own, with the same plan, and stops it when the preview is given up', async () => {
    const service = await startService();
    const folder = tempFolder();
    const [source, destination] = [join(folder, 'source'), join(folder, 'mirror')];
    const fill = (place: string, count: number): void => {
      mkdirSync(place, { recursive: true });
      for (let i = 0; i < count; i++) writeFileSync(join(place, String(i)), '');
    };
    for (let at = 0; at < 21; at++) fill(join(source, `d${at}`), 1000);
    fill(join(destination, 'd7'), 1000);
    writeFileSync(join(destination, 'd7/gone'), 'g');
    const profile = await service.profiles.add(
      profileDraft('large', local(source), local(destination), { delete: true }),
    );
    const summary = await service.previews.create(profile.id, () => undefined, new AbortController().signal);
    expect(summary).toMatchObject({
      issueCount: 0,
      counts: { create: 20_020, delete: 1, sourceTotal: 21_021, destinationTotal: 1002 },
    });
    const { planId } = summary;
    const page = await service.previews.rows(planId, { offset: 0, limit: 9, actions: ['delete'], search: '' });
    expect(page.rows.map(({ path }) => path)).toEqual(['d7/gone']);
    const stop = new AbortController();
    const given = service.previews.create(
      profile.id,
      ({ filesTotal }) => filesTotal > 20_000 && stop.abort(),
      stop.signal,
    );
    expect(await errorOf(given)).toMatchObject({ kind: 'cancelled' });
  });

  it('carries out what is ticked, leaves out for good what a rule from a row excludes, and judges what is left', async () => {
    const service = await startService();
    const folder = tempFolder();
    const [source, destination] = [join(folder, 'source'), join(folder, 'mirror')];
    build(source, dir({ 'a.txt': file('a'), 'b.tmp': file('b'), sub: dir({ 'c.tmp': file('c'), d: file('d') }) }));
    build(destination, dir({ extra: dir({ x: file('x') }), other: file('o') }));
    const profile = await service.profiles.add(profileDraft('docs', local(source), local(destination)));
    const summary = await service.previews.create(profile.id, () => undefined, new AbortController().signal);
    const { planId } = summary;
    const rows = async () =>
      (await service.previews.rows(planId, { offset: 0, limit: 50, actions: [], search: '' })).rows;
    const index = async (path: string) => (await rows()).find((row) => row.path === path)!.index;
    expect(summary).toMatchObject({
      deletes: false,
      counts: { delete: 3 },
      choice: { counts: { delete: 0 }, warnings: [] },
    });
    expect((await rows()).filter((row) => !row.ticked).map((row) => row.path)).toEqual(['extra/x', 'extra', 'other']);

    // What a person ticks is judged like what a profile asks for.
    const all: PlanSelection = {
      ...{ kind: 'shown', filter: { actions: ['delete'], search: '' }, first: 0, last: 9 },
    };
    const judged = await service.previews.tick(planId, all, true);
    expect(judged).toMatchObject({ counts: { delete: 3 }, warnings: [{ code: 'many-deletions' }] });
    const refused = await service.runs.start({ profileId: profile.id, planId, confirmed: [] });
    expect(await service.runs.ended(refused.runId)).toMatchObject({
      outcome: 'needs-attention',
      error: { code: 'many-deletions' },
    });
    await service.previews.tick(planId, all, false);
    await service.previews.tick(planId, { kind: 'row', index: await index('other') }, true);
    await service.previews.tick(planId, { kind: 'row', index: await index('a.txt') }, false);
    const excluded = await service.previews.exclude(planId, await index('b.tmp'), 'extension');
    expect(excluded).toMatchObject({ rule: '- *.tmp', rows: 2, choice: { counts: { create: 2, delete: 1 } } });
    expect((await rows()).filter((row) => row.excludedBy === 1).map((row) => row.path)).toEqual(['b.tmp', 'sub/c.tmp']);
    expect(service.profiles.get(profile.id).options.filters).toEqual(['- *.tmp']);

    const { runId } = await service.runs.start({ profileId: profile.id, planId, confirmed: [] });
    expect(await service.runs.ended(runId)).toMatchObject({ outcome: 'success', totals: { deleted: 1 } });
    expect([...manifest(destination).keys()].sort()).toEqual(['.', 'extra', 'extra/x', 'sub', 'sub/d']);
    expect(await errorOf(service.previews.tick(planId, all, true))).toMatchObject({ code: 'unknown-plan' });
  });

  it('mirrors several folders with one profile', async () => {
    const service = await startService();
    const folder = tempFolder();
    for (const name of ['one', 'two']) build(join(folder, name), dir({ [`in-${name}`]: file(name) }));
    const draft = profileDraft('both', local(join(folder, 'one')), local(join(folder, 'mirror')), { delete: true });
    draft.source.paths.push(join(folder, 'two') as PathText);
    const profile = await service.profiles.add({ ...draft, contentsOnly: false });
    const { runId } = await service.runs.start({ profileId: profile.id, planId: null, confirmed: [] });
    expect(await service.runs.ended(runId)).toMatchObject({ outcome: 'success' });
    expect([...manifest(join(folder, 'mirror')).keys()].sort()).toEqual([
      '.',
      'one',
      'one/in-one',
      'two',
      'two/in-two',
    ]);
  });

  it('keeps what was created at the destination after the preview', async () => {
    const service = await startService();
    const folder = tempFolder();
    const [source, destination] = [join(folder, 'source'), join(folder, 'mirror')];
    build(source, tree());
    build(destination, dir({ 'a.txt': file('first'), sub: dir(), old: file('goes away') }));
    const profile = await service.profiles.add(
      profileDraft('docs', local(source), local(destination), { delete: true }),
    );
    const summary = await service.previews.create(profile.id, () => undefined, new AbortController().signal);
    writeFileSync(join(destination, 'new-here'), 'made after the preview');
    const { runId } = await service.runs.start({ profileId: profile.id, planId: summary.planId, confirmed: [] });
    expect(await service.runs.ended(runId)).toMatchObject({ totals: { deleted: 1 } });
    expect([...manifest(destination).keys()].sort()).toEqual([...manifest(source).keys(), 'new-here'].sort());
  });

  it('stops for more than half deletions until somebody confirms, and never for an empty source', async () => {
    const service = await startService();
    const folder = tempFolder();
    const [source, destination] = [join(folder, 'source'), join(folder, 'mirror')];
    build(source, dir({ kept: file('x') }));
    build(destination, dir({ kept: file('x'), one: file('1'), two: file('2') }));
    const profile = await service.profiles.add(
      profileDraft('docs', local(source), local(destination), { delete: true }),
    );
    const first = await service.runs.start({ profileId: profile.id, planId: null, confirmed: [] });
    expect(await service.runs.ended(first.runId)).toMatchObject({
      outcome: 'needs-attention',
      exitCode: 4,
      error: { code: 'many-deletions' },
    });
    expect(manifest(destination).size).toBe(manifest(source).size + 2);

    const second = await service.runs.start({ profileId: profile.id, planId: null, confirmed: ['many-deletions'] });
    expect(await service.runs.ended(second.runId)).toMatchObject({ outcome: 'success', totals: { deleted: 2 } });

    rmSync(join(source, 'kept'));
    const third = await service.runs.start({
      profileId: profile.id,
      planId: null,
      confirmed: ['many-deletions', 'empty-source'],
    });
    expect(await service.runs.ended(third.runId)).toMatchObject({
      outcome: 'needs-attention',
      error: { code: 'empty-source' },
    });
    expect(readFileSync(join(destination, 'kept'), 'utf8')).toBe('x');
  });

  it('refuses a plan whose profile was changed', async () => {
    const service = await startService();
    const folder = tempFolder();
    build(join(folder, 'source'), tree());
    const draft = profileDraft('docs', local(join(folder, 'source')), local(join(folder, 'mirror')));
    const profile = await service.profiles.add(draft);
    const { planId } = await service.previews.create(profile.id, () => undefined, new AbortController().signal);
    await service.profiles.update(profile.id, { ...draft, options: { ...draft.options, delete: true } });
    expect(await errorOf(service.runs.start({ profileId: profile.id, planId, confirmed: [] }))).toMatchObject({
      kind: 'usage',
      code: 'plan-stale',
    });
  });
});

describe('the speed limit of the settings', () => {
  it.each<[string, string[], number, string | null]>([
    ['counts where the profile has none', [], 5000, '--bwlimit=5000'],
    ['counts where it is lower than the profile’s', ['--bwlimit=9000'], 5000, '--bwlimit=5000'],
    ['leaves a lower one of the profile alone', ['--bwlimit=300'], 5000, '--bwlimit=300'],
    ['is none by default', [], 0, null],
  ])('%s', async (_what, more, limit, word) => {
    const service = await startService();
    const folder = tempFolder();
    build(join(folder, 'source'), tree());
    // What the server is asked to do, noted before the real rsync does it.
    const program = join(folder, 'noting-rsync');
    writeFileSync(program, `#!/bin/sh\necho "$@" >>'${folder}/words'\nexec rsync "$@"\n`, { mode: 0o755 });
    await service.settings.update({ bandwidth: { limit, schedule: [] } });
    const host = await service.hosts.add({ ...keyHost(), rsyncPath: program }, null, {
      algorithm: 'ssh-ed25519',
      fingerprint: sshd.hostFingerprint,
    });
    const profile = await service.profiles.add(
      profileDraft('push', local(join(folder, 'source')), onHost(host.id, join(folder, 'mirror')), { more }),
    );
    const { runId } = await service.runs.start({ profileId: profile.id, planId: null, confirmed: [] });
    expect(await service.runs.ended(runId)).toMatchObject({ outcome: 'success' });
    const words = readFileSync(join(folder, 'words'), 'utf8');
    expect(/--bwlimit=\d+/.exec(words)?.[0] ?? null).toBe(word);
  });
});

describe('a mirror on a real sshd', () => {
  it('asks for the host key once, saves it, pushes and pulls', async () => {
    const service = await startService();
    const folder = tempFolder();
    const [source, remote, back] = [join(folder, 'source'), join(folder, 'remote'), join(folder, 'back')];
    build(source, tree());
    mkdirSync(remote);
    const host = await service.hosts.add(keyHost(), null);
    const asked: Prompt[] = [];
    service.events.on('event.prompt', (prompt) => {
      asked.push(prompt);
      service.prompts.answer(prompt.promptId, { kind: 'accept-host-key' });
    });
    const steps: string[] = [];
    const test = await service.connections.test(host.id, (step) => steps.push(step), new AbortController().signal);
    expect(test.fingerprint).toBe(sshd.hostFingerprint);
    expect(steps.length).toBeGreaterThan(0);
    expect(service.hosts.get(host.id).hostKey).toMatchObject({
      algorithm: 'ssh-ed25519',
      fingerprint: sshd.hostFingerprint,
    });

    const push = await service.profiles.add(
      profileDraft('push', local(source), onHost(host.id, remote), { delete: true }),
    );
    const pushed = await service.runs.start({ profileId: push.id, planId: null, confirmed: [] });
    expect(await service.runs.ended(pushed.runId)).toMatchObject({ outcome: 'success', issueCount: 0 });
    const pull = await service.profiles.add(profileDraft('pull', onHost(host.id, remote), local(back)));
    const pulled = await service.runs.start({ profileId: pull.id, planId: null, confirmed: [] });
    expect(await service.runs.ended(pulled.runId)).toMatchObject({ outcome: 'success' });
    expect([...manifest(back)]).toEqual([...manifest(source)]);
    expect(asked.map((prompt) => prompt.question.kind)).toEqual(['host-key']);
  });

  it('with nobody to ask refuses an unknown server and names its fingerprint', async () => {
    const service = await startService({ attended: false });
    const folder = tempFolder();
    build(join(folder, 'source'), tree());
    const host = await service.hosts.add(keyHost(), null);
    const profile = await service.profiles.add(
      profileDraft('push', local(join(folder, 'source')), onHost(host.id, join(folder, 'remote'))),
    );
    const { runId } = await service.runs.start({ profileId: profile.id, planId: null, confirmed: [] });
    const result = await service.runs.ended(runId);
    expect(result).toMatchObject({ outcome: 'needs-attention', error: { kind: 'host-key' } });
    expect(result.error?.message).toContain(sshd.hostFingerprint);
    expect(service.hosts.get(host.id).hostKey).toBeNull();
  });

  it('takes a saved path on the server for a name, where the shell there would see a pattern', async () => {
    const service = await startService();
    const folder = tempFolder();
    const [source, remote, neighbour] = ['source', 'Photos [2024]', 'Photos 2'].map((name) => join(folder, name));
    build(source!, tree());
    build(neighbour!, dir({ precious: file('p'), other: file('q') }));
    const host = await service.hosts.add(keyHost(), null, { algorithm: '', fingerprint: sshd.hostFingerprint });
    const push = profileDraft('push', local(source!), onHost(host.id, remote!), { delete: true });
    const pull = profileDraft('pull', onHost(host.id, remote!), local(join(folder, 'here')));
    for (const draft of [push, { ...pull, contentsOnly: false }]) {
      const { id } = await service.profiles.add(draft);
      const { runId } = await service.runs.start({ profileId: id, planId: null, confirmed: ['many-deletions'] });
      expect(await service.runs.ended(runId)).toMatchObject({ outcome: 'success', totals: { deleted: 0 } });
    }
    expect(manifest(remote!)).toEqual(manifest(source!));
    expect(manifest(join(folder, 'here', 'Photos [2024]'))).toEqual(manifest(source!));
    expect(readFileSync(join(neighbour!, 'precious'), 'utf8')).toBe('p');
  });

  it('an empty folder on the server deletes nothing on a pull', async () => {
    const service = await startService();
    const folder = tempFolder();
    const [remote, destination] = [join(folder, 'remote'), join(folder, 'here')];
    mkdirSync(remote);
    build(destination, dir({ precious: file('p') }));
    const host = await service.hosts.add(keyHost(), null, { algorithm: '', fingerprint: sshd.hostFingerprint });
    const profile = await service.profiles.add(
      profileDraft('pull', onHost(host.id, remote), local(destination), { delete: true }),
    );
    for (const confirmed of [[], ['empty-source', 'many-deletions']]) {
      const { runId } = await service.runs.start({ profileId: profile.id, planId: null, confirmed });
      expect(await service.runs.ended(runId)).toMatchObject({
        outcome: 'needs-attention',
        error: { code: 'empty-source' },
      });
    }
    const missing = await service.profiles.add(
      profileDraft('gone', onHost(host.id, join(folder, 'absent')), local(destination), { delete: true }),
    );
    const { runId } = await service.runs.start({ profileId: missing.id, planId: null, confirmed: [] });
    expect(await service.runs.ended(runId)).toMatchObject({
      outcome: 'needs-attention',
      error: { code: 'source-missing' },
    });
    expect(readFileSync(join(destination, 'precious'), 'utf8')).toBe('p');
  });

  it.runIf(process.getuid?.() === 0)(
    'takes a saved password, asks when there is none, and remembers what worked',
    async () => {
      const service = await startService();
      const draft = hostDraft({ port: sshd.port, user: sshd.passwordUser });
      const host = await service.hosts.add(draft, sshd.password);
      const asked: string[] = [];
      service.events.on('event.prompt', ({ promptId, question }) => {
        asked.push(question.kind);
        if (question.kind === 'host-key') service.prompts.answer(promptId, { kind: 'accept-host-key' });
        else service.prompts.answer(promptId, { kind: 'secret', secret: sshd.password, remember: true });
      });
      await service.connections.test(host.id, () => undefined, new AbortController().signal);
      expect(asked).toEqual(['host-key']);

      const other = await service.hosts.add({ ...draft, name: 'other' }, null, service.hosts.get(host.id).hostKey);
      await service.connections.test(other.id, () => undefined, new AbortController().signal);
      expect(asked).toEqual(['host-key', 'password']);
      await service.connections.test(other.id, () => undefined, new AbortController().signal);
      expect(asked).toEqual(['host-key', 'password']);
    },
  );
});
