import * as v from 'valibot';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contract } from '../../shared/ipc/contract.ts';
import type { Host } from '../../shared/model/host.ts';
import type { PathText } from '../../shared/model/path.ts';
import type { Profile } from '../../shared/model/profile.ts';
import { build, dir, file } from '../support/trees.ts';
import { hostDraft, local, onHost, openScreen, profileDraft, startService, tempFolder } from './harness.ts';

type Name = keyof typeof contract;
const ID = '00000000-0000-4000-8000-000000000000';

/** Inputs that are wrong in one way each; every entry is also tried with an unknown key, no key and other types. */
const INVALID: Partial<Record<Name, unknown[]>> = {
  'hosts.add': [
    { draft: hostDraft({ address: '-oProxyCommand=x' }), secret: null },
    { draft: hostDraft({ address: 'a b' }), secret: null },
    { draft: hostDraft({ user: 'a;b' }), secret: null },
    { draft: hostDraft({ user: '$(x)' }), secret: null },
    { draft: hostDraft({ port: 0 }), secret: null },
    { draft: hostDraft({ name: 'two\nlines' }), secret: null },
    { draft: { ...hostDraft(), hostKey: null }, secret: null },
    { draft: { ...hostDraft(), auth: { kind: 'password', password: 'x' } }, secret: null },
    { draft: hostDraft(), secret: 'x'.repeat(10_001) },
  ],
  'hosts.update': [{ id: '../x', draft: hostDraft(), secret: null }],
  'profiles.add': [
    { draft: { ...profileDraft('p', local('/a'), local('/b')), lastRun: null } },
    { draft: profileDraft('', local('/a'), local('/b')) },
    { draft: profileDraft('p', local('/a\0'), local('/b')) },
    { draft: profileDraft('p', local('/a'), local('/b'), { timeout: -1 }) },
  ],
  'preview.rows': [
    { planId: ID, offset: -1, limit: 1, actions: [], search: '' },
    { planId: ID, offset: 0, limit: 501, actions: [], search: '' },
    { planId: ID, offset: 0, limit: 1, actions: ['everything'], search: '' },
  ],
  'runs.start': [{ profileId: ID, planId: 'x y', confirmed: [] }],
  'prompts.answer': [{ promptId: ID, answer: { kind: 'accept-everything' } }],
  'folders.list': [{ path: 'x'.repeat(5000) }],
};

/** A well-formed input for each request, of things that do not exist. */
const UNKNOWN: Partial<Record<Name, { input: unknown; code: string }>> = {
  'hosts.update': { input: { id: ID, draft: hostDraft(), secret: null }, code: 'unknown-host-record' },
  'hosts.remove': { input: { id: ID }, code: 'unknown-host-record' },
  'hosts.forgetKey': { input: { id: ID }, code: 'unknown-host-record' },
  'hosts.test': { input: { id: ID }, code: 'unknown-host-record' },
  'profiles.update': { input: { id: ID, draft: profileDraft('p', local('/a'), local('/b')) }, code: 'unknown-profile' },
  'profiles.remove': { input: { id: ID }, code: 'unknown-profile' },
  'preview.create': { input: { profileId: ID }, code: 'unknown-profile' },
  'preview.rows': { input: { planId: ID, offset: 0, limit: 1, actions: [], search: '' }, code: 'unknown-plan' },
  'runs.start': { input: { profileId: ID, planId: null, confirmed: [] }, code: 'unknown-profile' },
  'runs.get': { input: { runId: ID }, code: 'unknown-run' },
  'runs.cancel': { input: { runId: ID }, code: 'unknown-run' },
  'prompts.answer': { input: { promptId: ID, answer: { kind: 'refuse' } }, code: 'unknown-prompt' },
  'folders.list': { input: { path: '/' }, code: 'no-folder-list' },
};

const requests = (Object.keys(contract) as Name[]).filter((name) => contract[name].kind !== 'event');
const open = (screen: ReturnType<typeof openScreen>, name: Name, input: unknown) =>
  contract[name].kind === 'task' ? screen.open(name, input).result : screen.call(name, input);

describe('every request of the contract', () => {
  it.each(requests)('%s refuses what does not fit', async (name) => {
    const screen = openScreen(await startService());
    const valid = UNKNOWN[name]?.input ?? null;
    const inputs: unknown[] = [
      ...(INVALID[name] ?? []),
      'text',
      7,
      [],
      JSON.parse('{"__proto__":{"id":1}}'),
      { ...(valid as object | null), unknownKey: 1 },
    ];
    for (const input of inputs) {
      const result = await open(screen, name, input);
      expect(result, JSON.stringify(input)).toMatchObject({ ok: false, error: { kind: 'usage', code: 'bad-input' } });
      if (!result.ok)
        expect(v.safeParse(v.pipe(v.string(), v.maxLength(300)), result.error.message).success).toBe(true);
    }
  });

  it.each(Object.entries(UNKNOWN))('%s says what is not there', async (name, { input, code }) => {
    const screen = openScreen(await startService());
    expect(await open(screen, name as Name, input)).toMatchObject({ ok: false, error: { kind: 'usage', code } });
  });

  it('names that are none, or of the other kind, are refused', async () => {
    const screen = openScreen(await startService());
    for (const name of ['nothing', 'constructor', '__proto__', 'event.run', 'hosts.test', 'secrets.get']) {
      expect(await screen.call(name)).toMatchObject({ ok: false, error: { code: 'unknown-request' } });
    }
    expect(await screen.open('hosts.list', null).result).toMatchObject({
      ok: false,
      error: { code: 'unknown-request' },
    });
    expect(requests.filter((name) => /secret/i.test(name))).toEqual([]);
  });

  it('answers with what the contract promises, and no secret crosses', async () => {
    const service = await startService({ listFolders: (path) => Promise.resolve({ path, parent: null, folders: [] }) });
    const screen = openScreen(service);
    const folder = tempFolder();
    build(join(folder, 'source'), dir({ a: file('1'), b: file('2') }));
    const ask = async (name: Name, input: unknown = null): Promise<unknown> => {
      const result = await open(screen, name, input);
      if (!result.ok) throw new Error(`${name}: ${result.error.message}`);
      const entry = contract[name];
      if (entry.kind === 'event') throw new Error('not a request');
      expect(v.safeParse(entry.output, result.value).issues, name).toBeUndefined();
      return result.value;
    };

    expect(await ask('app.info')).toMatchObject({ keychain: 'test keychain', shell: 'browser' });
    const host = (await ask('hosts.add', { draft: hostDraft(), secret: 'canary-secret' })) as Host;
    await ask('hosts.update', { id: host.id, draft: hostDraft({ name: 'renamed' }), secret: null });
    await ask('hosts.list');
    const draft = profileDraft('docs', local(join(folder, 'source')), local(join(folder, 'mirror')));
    const profile = (await ask('profiles.add', { draft })) as Profile;
    const second = (await ask('profiles.add', {
      draft: { ...draft, name: 'other', destination: onHost(host.id, 'x') },
    })) as Profile;
    expect(await open(screen, 'hosts.remove', { id: host.id })).toMatchObject({ error: { code: 'host-in-use' } });
    await ask('profiles.update', { id: profile.id, draft });
    await ask('profiles.list');
    const { planId } = (await ask('preview.create', { profileId: profile.id })) as { planId: string };
    await ask('preview.rows', { planId, offset: 0, limit: 500, actions: [], search: '' });
    await ask('preview.discard', { planId });
    const { runId } = (await ask('runs.start', { profileId: profile.id, planId: null, confirmed: [] })) as {
      runId: string;
    };
    await ask('runs.get', { runId });
    await service.runs.ended(runId);
    await ask('runs.cancel', { runId });
    await ask('runs.list');
    await ask('prompts.list');
    expect(await ask('folders.pick')).toBe('/picked');
    await ask('folders.list', { path: '/' });
    await ask('profiles.remove', { id: second.id });
    await ask('hosts.remove', { id: host.id });

    for (const message of screen.received) {
      if (message.type !== 'event') continue;
      const entry = contract[message.name as Name];
      expect(entry.kind === 'event' && v.safeParse(entry.payload, message.payload).success, message.name).toBe(true);
    }
    const names = new Set(screen.received.flatMap((message) => (message.type === 'event' ? [message.name] : [])));
    expect(names).toEqual(new Set(['event.hosts', 'event.profiles', 'event.run']));
    expect(JSON.stringify(screen.received)).not.toContain('canary-secret');
    for (const each of ['driftline.json', 'driftline.json.good', 'runs.jsonl']) {
      expect(readFileSync(join(service.homeFolder, each), 'utf8')).not.toContain('canary-secret');
    }
  });
});

describe('validation beyond the schema', () => {
  it.each<[string, Parameters<typeof profileDraft>, string]>([
    ['the same name', ['DOCS', local('/c'), local('/d')], 'name-taken'],
    ['the same folder', ['p', local('/a'), local('/a/')], 'same-ends'],
    ['a relative path', ['p', local('a'), local('/b')], 'not-absolute'],
    ['no path', ['p', local(''), local('/b')], 'path-missing'],
    ['an unknown host', ['p', local('/a'), onHost(ID, 'x')], 'unknown-host-record'],
    ['two servers', ['p', onHost(ID, 'y'), onHost(ID, 'x')], 'two-remote-ends'],
  ])('a profile with %s', async (_name, draft, code) => {
    const screen = openScreen(await startService());
    await screen.call('profiles.add', { draft: profileDraft('docs', local('/a'), local('/b')) });
    expect(await screen.call('profiles.add', { draft: profileDraft(...draft) })).toMatchObject({
      ok: false,
      error: { kind: 'usage', code },
    });
  });

  it('a host with a name that is taken', async () => {
    const service = await startService();
    const screen = openScreen(service);
    await screen.call('hosts.add', { draft: hostDraft(), secret: null });
    expect(await screen.call('hosts.add', { draft: hostDraft({ name: 'Server' }), secret: null })).toMatchObject({
      error: { code: 'name-taken' },
    });
    const [host] = service.hosts.list();
    expect(
      await screen.call('hosts.update', { id: host?.id, draft: hostDraft({ port: 2222 }), secret: null }),
    ).toMatchObject({ ok: true });
  });

  it('another address forgets the accepted key and the secret', async () => {
    const service = await startService();
    const key = { algorithm: 'ssh-ed25519', fingerprint: `SHA256:${'a'.repeat(43)}` };
    const host = await service.hosts.add(hostDraft(), 'secret', key);
    expect((await service.hosts.update(host.id, hostDraft({ name: 'x' }), null)).hostKey).toEqual(key);
    expect(service.keychain.items.size).toBe(1);
    expect((await service.hosts.update(host.id, hostDraft({ address: 'elsewhere' }), null)).hostKey).toBeNull();
    expect(service.keychain.items.size).toBe(0);
  });
});

describe('screens', () => {
  it('a closed screen cancels its preview and hears no more', async () => {
    const service = await startService();
    const folder = tempFolder();
    mkdirSync(join(folder, 'source'));
    build(
      join(folder, 'source', 'x'),
      dir(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`f${i}`, file('x')]))),
    );
    const profile = await service.profiles.add(
      profileDraft('docs', local(join(folder, 'source')), local(join(folder, 'mirror'))),
    );
    const screen = openScreen(service);
    screen.open('preview.create', { profileId: profile.id });
    screen.close();
    const before = screen.received.length;
    await service.hosts.add(hostDraft(), null);
    expect(screen.received.length).toBe(before);
    await service.close();
  });

  it('a cancelled task ends as cancelled; its id may not be used twice', async () => {
    const service = await startService();
    const folder = tempFolder();
    build(join(folder, 'source'), dir({ a: file('x') }));
    const profile = await service.profiles.add(
      profileDraft('docs', local(join(folder, 'source')), local(join(folder, 'mirror'))),
    );
    const replies: unknown[] = [];
    const link = service.link((message) => void (message.type === 'reply' && replies.push(message)));
    const ended = new Promise<void>((resolve) => {
      const poll = service.link((message) => message.type === 'reply' && resolve());
      poll.receive({ type: 'open', id: 'same', name: 'preview.create', input: { profileId: profile.id } });
      poll.receive({ type: 'cancel', id: 'same' });
    });
    const task = { type: 'open' as const, id: 't', name: 'preview.create', input: { profileId: profile.id } };
    link.receive(task);
    link.receive(task);
    link.receive({ type: 'cancel', id: 't' });
    await ended;
    await service.close();
    expect(replies).toEqual([
      {
        type: 'reply',
        id: 't',
        result: { ok: false, error: expect.objectContaining({ code: 'duplicate-task' }) as unknown },
      },
      {
        type: 'reply',
        id: 't',
        result: { ok: false, error: expect.objectContaining({ kind: 'cancelled' }) as unknown },
      },
    ]);
  });

  it('paths that are not UTF-8 cross unchanged', async () => {
    const service = await startService();
    const screen = openScreen(service);
    const path = '/tmp/\udcff\udc80' as PathText;
    await screen.call('profiles.add', { draft: profileDraft('odd', local(path), local('/b')) });
    expect(await screen.call('profiles.list')).toMatchObject({ value: [{ source: { path } }] });
    expect((await startService({ homeFolder: service.homeFolder })).profiles.list()[0]?.source.path).toBe(path);
  });
});
