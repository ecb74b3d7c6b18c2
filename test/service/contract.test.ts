import * as v from 'valibot';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contract } from '../../shared/ipc/contract.ts';
import type { Host } from '../../shared/model/host.ts';
import { MAX_EXPORT_LENGTH } from '../../shared/model/import.ts';
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
  'hosts.folders': [{ id: ID, path: 'x'.repeat(5000) }],
  'hosts.import': [{ aliases: ['x'.repeat(1001)] }],
  'profiles.add': [
    { draft: { ...profileDraft('p', local('/a'), local('/b')), lastRun: null } },
    { draft: profileDraft('', local('/a'), local('/b')) },
    { draft: profileDraft('p', local('/a\0'), local('/b')) },
    { draft: profileDraft('p', local('/a'), local('/b'), { timeout: -1 }) },
    { draft: profileDraft('p', local('/a'), local('/b'), { more: ['-v'] }) },
    { draft: profileDraft('p', { kind: 'local', paths: [] }, local('/b')) },
    { draft: { ...profileDraft('p', local('/a'), local('/b')), tags: ['two\nlines'] } },
  ],
  'profiles.reorder': [{ ids: ['../x'] }],
  'profiles.parseCommand': [{ text: 'x'.repeat(100_001) }],
  'profiles.tryFilters': [{ source: { kind: 'local', paths: [] }, contentsOnly: true, filters: [] }],
  'preview.rows': [
    { planId: ID, offset: -1, limit: 1, actions: [], search: '' },
    { planId: ID, offset: 0, limit: 501, actions: [], search: '' },
    { planId: ID, offset: 0, limit: 1, actions: ['everything'], search: '' },
  ],
  'preview.tick': [
    { planId: ID, selection: { kind: 'row', index: -1 }, ticked: true },
    { planId: ID, selection: { kind: 'everything' }, ticked: true },
    { planId: ID, selection: { kind: 'shown', filter: { actions: [], search: 1 }, first: 0, last: 1 }, ticked: true },
  ],
  'preview.exclude': [{ planId: ID, index: 0, scope: 'everything' }],
  'runs.start': [{ profileId: ID, planId: 'x y', confirmed: [] }],
  'runs.items': [
    { runId: ID, offset: -1, limit: 1, actions: [], search: '' },
    { runId: ID, offset: 0, limit: 501, actions: [], search: '' },
    { runId: ID, offset: 0, limit: 1, actions: ['everything'], search: '' },
  ],
  'settings.update': [
    { change: { theme: 'purple' } },
    { change: { parallelRuns: 0 } },
    { change: { silenced: ['many-deletions'] } },
    { change: { colour: 1 } },
  ],
  'import.open': [{ text: 'x'.repeat(MAX_EXPORT_LENGTH + 1) }],
  'import.apply': [{ importId: ID, hosts: [{ id: ID, how: 'run' }], profiles: [], settings: false }],
  'prompts.answer': [{ promptId: ID, answer: { kind: 'accept-everything' } }],
  'folders.list': [{ path: 'x'.repeat(5000) }],
};

/** A well-formed input for each request, of things that do not exist. */
const UNKNOWN: Partial<Record<Name, { input: unknown; code: string }>> = {
  'hosts.update': { input: { id: ID, draft: hostDraft(), secret: null }, code: 'unknown-host-record' },
  'hosts.remove': { input: { id: ID }, code: 'unknown-host-record' },
  'hosts.forgetKey': { input: { id: ID }, code: 'unknown-host-record' },
  'hosts.test': { input: { id: ID }, code: 'unknown-host-record' },
  'hosts.folders': { input: { id: ID, path: '' }, code: 'unknown-host-record' },
  'hosts.import': { input: { aliases: ['no such alias'] }, code: 'unknown-alias' },
  'profiles.update': { input: { id: ID, draft: profileDraft('p', local('/a'), local('/b')) }, code: 'unknown-profile' },
  'profiles.remove': { input: { id: ID }, code: 'unknown-profile' },
  'profiles.duplicate': { input: { id: ID }, code: 'unknown-profile' },
  'profiles.reorder': { input: { ids: [ID] }, code: 'unknown-profile' },
  'profiles.parseCommand': { input: { text: 'rm -rf /' }, code: 'not-rsync' },
  'profiles.tryFilters': {
    input: { source: { kind: 'host', hostId: ID, paths: ['a'] }, contentsOnly: true, filters: [] },
    code: 'source-on-host',
  },
  'profiles.command': {
    input: { draft: profileDraft('p', local('/a'), onHost(ID, 'b')) },
    code: 'unknown-host-record',
  },
  'preview.create': { input: { profileId: ID }, code: 'unknown-profile' },
  'preview.rows': { input: { planId: ID, offset: 0, limit: 1, actions: [], search: '' }, code: 'unknown-plan' },
  'preview.tick': {
    input: { planId: ID, selection: { kind: 'row', index: 0 }, ticked: true },
    code: 'unknown-plan',
  },
  'preview.exclude': { input: { planId: ID, index: 0, scope: 'item' }, code: 'unknown-plan' },
  'runs.start': { input: { profileId: ID, planId: null, confirmed: [] }, code: 'unknown-profile' },
  'runs.get': { input: { runId: ID }, code: 'unknown-run' },
  'runs.cancel': { input: { runId: ID }, code: 'unknown-run' },
  'runs.pause': { input: { runId: ID }, code: 'unknown-run' },
  'runs.resume': { input: { runId: ID }, code: 'unknown-run' },
  'runs.retry': { input: { runId: ID }, code: 'unknown-run' },
  'runs.items': { input: { runId: ID, offset: 0, limit: 1, actions: [], search: '' }, code: 'unknown-run' },
  'import.open': { input: { text: '{}' }, code: 'import-not-ours' },
  'import.apply': { input: { importId: ID, hosts: [], profiles: [], settings: false }, code: 'import-gone' },
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
    await ask('hosts.keys');
    await ask('hosts.sshConfig');
    expect(await ask('hosts.import', { aliases: [] })).toEqual([]);
    expect(await ask('hosts.pickKey')).toBeNull();
    const draft = profileDraft('docs', local(join(folder, 'source')), local(join(folder, 'mirror')));
    const profile = (await ask('profiles.add', { draft })) as Profile;
    const second = (await ask('profiles.add', {
      draft: { ...draft, name: 'other', destination: onHost(host.id, 'x') },
    })) as Profile;
    expect(await open(screen, 'hosts.remove', { id: host.id })).toMatchObject({ error: { code: 'host-in-use' } });
    await ask('profiles.update', { id: profile.id, draft });
    await ask('profiles.list');
    const copy = (await ask('profiles.duplicate', { id: profile.id })) as Profile;
    expect(copy).toMatchObject({ name: 'docs (2)', source: profile.source, lastRun: null });
    expect((await ask('profiles.reorder', { ids: [second.id, copy.id] })) as Profile[]).toMatchObject([
      { name: 'other' },
      { name: 'docs (2)' },
      { name: 'docs' },
    ]);
    await ask('profiles.remove', { id: copy.id });
    const trial = { source: profile.source, contentsOnly: true, filters: ['- a'] };
    expect(await ask('profiles.tryFilters', trial)).toMatchObject({ dropped: 1, rows: [{ path: 'a', rule: 0 }] });
    const { command } = (await ask('profiles.command', { draft: { ...draft, destination: onHost(host.id, 'x') } })) as {
      command: string;
    };
    expect(await ask('profiles.parseCommand', { text: command })).toMatchObject({ hostId: host.id, destination: 'x' });
    const { planId } = (await ask('preview.create', { profileId: profile.id })) as { planId: string };
    await ask('preview.rows', { planId, offset: 0, limit: 500, actions: [], search: '' });
    expect(await ask('preview.tick', { planId, selection: { kind: 'row', index: 0 }, ticked: false })).toMatchObject({
      counts: { sourceTotal: 2 },
    });
    expect(await ask('preview.exclude', { planId, index: 1, scope: 'item' })).toMatchObject({ rule: '- /a', rows: 1 });
    await ask('preview.discard', { planId });
    const { runId } = (await ask('runs.start', { profileId: profile.id, planId: null, confirmed: [] })) as {
      runId: string;
    };
    await ask('runs.get', { runId });
    await service.runs.ended(runId);
    await ask('runs.cancel', { runId });
    expect(await open(screen, 'runs.pause', { runId })).toMatchObject({ error: { code: 'not-going-on' } });
    expect(await open(screen, 'runs.resume', { runId })).toMatchObject({ error: { code: 'not-going-on' } });
    const page = { offset: 0, limit: 500, actions: ['create'], search: 'B' };
    expect(await ask('runs.items', { runId, ...page })).toMatchObject({ total: 1, rows: [{ path: 'b', size: 1 }] });
    const again = (await ask('runs.retry', { runId })) as { runId: string };
    expect(await service.runs.ended(again.runId)).toMatchObject({ outcome: 'success' });
    await ask('runs.list');
    const exported = (await ask('export.create')) as { text: string };
    const { importId } = (await ask('import.open', { text: exported.text })) as { importId: string };
    await ask('import.apply', { importId, hosts: [], profiles: [], settings: false });
    await ask('settings.get');
    await ask('settings.update', { change: { theme: 'dark' } });
    await ask('prompts.list');
    expect(await ask('folders.pick')).toBe('/picked');
    await ask('folders.list', { path: '/' });
    await ask('demo.state');
    await ask('demo.start');
    await ask('demo.state');
    await ask('demo.stop');
    await ask('profiles.remove', { id: second.id });
    await ask('hosts.remove', { id: host.id });

    for (const message of screen.received) {
      if (message.type !== 'event') continue;
      const entry = contract[message.name as Name];
      expect(entry.kind === 'event' && v.safeParse(entry.payload, message.payload).success, message.name).toBe(true);
    }
    const names = new Set(screen.received.flatMap((message) => (message.type === 'event' ? [message.name] : [])));
    const expected = ['event.hosts', 'event.profiles', 'event.run', 'event.settings', 'event.demo'];
    expect([...names].sort()).toEqual(expected.sort());
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
    ['a rule that is none', ['p', local('/a'), local('/b'), { filters: ['nonsense'] }], 'filter-syntax'],
    ['rules in a file', ['p', local('/a'), local('/b'), { filters: ['. /etc/passwd'] }], 'filter-file'],
    ['an option that runs a program', ['p', local('/a'), local('/b'), { more: ['--rsh=sh -c x'] }], 'option-refused'],
    ['an option nobody knows', ['p', local('/a'), local('/b'), { more: ['--nothing'] }], 'unknown-option'],
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
    expect(await screen.call('profiles.list')).toMatchObject({ value: [{ source: { paths: [path] } }] });
    expect((await startService({ homeFolder: service.homeFolder })).profiles.list()[0]?.source.paths).toEqual([path]);
  });
});
