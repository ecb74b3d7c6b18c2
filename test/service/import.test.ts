import { describe, expect, it } from 'vitest';
import type { ErrorData } from '../../shared/errors.ts';
import type { ExportResult, ImportOffer, ImportResult } from '../../shared/model/import.ts';
import { MAX_EXPORT_LENGTH } from '../../shared/model/import.ts';
import type { PathText } from '../../shared/model/path.ts';
import { hostDraft, local, onHost, openScreen, profileDraft, startService } from './harness.ts';
import type { TestService } from './harness.ts';

const KEY = { algorithm: 'ssh-ed25519', fingerprint: `SHA256:${'a'.repeat(43)}` };

/** A service with a host, two profiles and a setting of its own. */
async function furnished(): Promise<TestService> {
  const service = await startService();
  const host = await service.hosts.add(hostDraft({ name: 'nas' }), 'canary-secret', KEY);
  await service.profiles.add(profileDraft('Photos', local('/photos'), onHost(host.id, 'backup')));
  await service.profiles.add(profileDraft('Docs', local('/docs/\udcff'), local('/copy')));
  await service.settings.update({ theme: 'dark', parallelRuns: 4 });
  return service;
}

async function exportOf(service: TestService): Promise<string> {
  const reply = await openScreen(service).call('export.create');
  if (!reply.ok) throw new Error(reply.error.message);
  const result = reply.value as ExportResult;
  if (result.kind !== 'text') throw new Error(result.kind);
  expect(result.name).toMatch(/^driftline-\d{4}-\d{2}-\d{2}\.json$/);
  return result.text;
}

async function openImport(service: TestService, text: string): Promise<ImportOffer | ErrorData> {
  const reply = await openScreen(service).call('import.open', { text });
  return reply.ok ? (reply.value as ImportOffer) : reply.error;
}

async function offered(service: TestService, text: string): Promise<ImportOffer> {
  const result = await openImport(service, text);
  if ('kind' in result) throw new Error(result.message);
  return result;
}

async function take(
  service: TestService,
  offer: ImportOffer,
  how: 'add' | 'replace' = 'add',
  only: (name: string) => boolean = () => true,
): Promise<ImportResult> {
  const choose = (list: { id: string; name: string }[]) =>
    list.filter(({ name }) => only(name)).map(({ id }) => ({ id, how }));
  const reply = await openScreen(service).call('import.apply', {
    importId: offer.importId,
    hosts: choose(offer.hosts.map(({ host }) => host)),
    profiles: choose(offer.profiles.map(({ profile }) => profile)),
    settings: true,
  });
  if (!reply.ok) throw new Error(reply.error.message);
  return reply.value as ImportResult;
}

describe('export and import', () => {
  it('brings everything but secrets, accepted keys and results to an empty place', async () => {
    const text = await exportOf(await furnished());
    expect(text).not.toContain('canary-secret');
    expect(text).not.toContain(KEY.fingerprint);
    const target = await startService();
    const offer = await offered(target, text);
    expect(offer.hosts.map(({ standing }) => standing)).toEqual(['new']);
    expect(offer.profiles.map(({ standing }) => standing)).toEqual(['new', 'new']);
    expect(offer.settings).toEqual({ theme: 'dark', parallelRuns: 4 });
    // Opening changes nothing.
    expect([target.hosts.list(), target.profiles.list(), target.settings.get().theme]).toEqual([[], [], 'system']);

    expect(await take(target, offer)).toEqual({ saved: 4, failed: [] });
    const [host] = target.hosts.list();
    expect(host).toMatchObject({ name: 'nas', hostKey: null });
    expect(target.profiles.list().map(({ name, lastRun }) => [name, lastRun])).toEqual([
      ['Photos', null],
      ['Docs', null],
    ]);
    expect(target.profiles.list()[0]?.destination).toEqual(onHost(host!.id, 'backup'));
    expect(JSON.stringify(target.profiles.list()[1]?.source)).toContain(JSON.stringify('/docs/\udcff').slice(1, -1));
    expect(target.settings.get()).toMatchObject({ theme: 'dark', parallelRuns: 4 });
    expect(target.keychain.items.size).toBe(0);
    expect(target.runs.list()).toEqual([]);
  });

  it('knows what is here already, and replaces or adds beside it as chosen', async () => {
    const source = await furnished();
    const text = await exportOf(source);
    const again = await offered(source, text);
    expect(again.hosts.map(({ standing }) => standing)).toEqual(['same']);
    expect(again.profiles.map(({ standing }) => standing)).toEqual(['same', 'same']);
    expect(again.settings).toBeNull();

    const changed = text.replace('"/copy"', '"/elsewhere"').replace('"port": 22', '"port": 2222');
    const offer = await offered(source, changed);
    expect(offer.hosts.map(({ standing }) => standing)).toEqual(['conflict']);
    expect(offer.profiles.map(({ standing }) => standing)).toEqual(['same', 'conflict']);
    await take(source, offer, 'replace', (name) => name !== 'Photos');
    expect(source.profiles.list()).toHaveLength(2);
    expect(source.profiles.list().find(({ name }) => name === 'Docs')?.destination).toEqual(local('/elsewhere'));
    // Another port is another server: the accepted key and the secret went, as after an edit by hand.
    expect(source.hosts.list()[0]).toMatchObject({ port: 2222, hostKey: null });
    expect(source.keychain.items.size).toBe(0);

    await take(source, await offered(source, text), 'add');
    expect(source.hosts.list().map(({ name }) => name)).toEqual(['nas', 'nas (2)']);
    expect(source.profiles.list().map(({ name }) => name)).toEqual(['Photos', 'Docs', 'Photos (2)', 'Docs (2)']);
    const [, second] = source.hosts.list();
    expect(source.profiles.list()[2]?.destination).toEqual(onHost(second!.id, 'backup'));
  });

  it('says which host a profile lacks, and saves the rest', async () => {
    const text = await exportOf(await furnished());
    const target = await startService();
    const offer = await offered(target, text);
    const result = await take(target, offer, 'add', (name) => name !== 'nas');
    expect(result.saved).toBe(2);
    expect(result.failed).toEqual([{ name: 'Photos', error: expect.stringContaining('“nas”') as string }]);
    // A host of that name that is here stands in for it.
    await target.hosts.add(hostDraft({ name: 'NAS' }), null);
    const next = await take(target, await offered(target, text), 'add', (name) => name === 'Photos');
    expect(next).toEqual({ saved: 1, failed: [] });
  });

  it('can be applied once, and only as the last one opened', async () => {
    const text = await exportOf(await furnished());
    const target = await startService();
    const first = await offered(target, text);
    const second = await offered(target, text);
    await expect(take(target, first)).rejects.toThrow('no longer open');
    await take(target, second);
    await expect(take(target, second)).rejects.toThrow('no longer open');
  });
});

describe('a hostile or broken export', () => {
  const good = { format: 'driftline-export', schemaVersion: 1, hosts: [], profiles: [] };
  it.each<[string, string, string]>([
    ['no JSON', '{', 'import-not-ours'],
    ['nothing', '', 'import-not-ours'],
    ['null', 'null', 'import-not-ours'],
    ['a list', '[]', 'import-not-ours'],
    ['other JSON', '{"name":"x","version":1}', 'import-not-ours'],
    ['another format', JSON.stringify({ ...good, format: 'something' }), 'import-not-ours'],
    ['a later version', JSON.stringify({ ...good, schemaVersion: 999, more: true }), 'import-newer'],
    ['no version', JSON.stringify({ ...good, schemaVersion: undefined }), 'import-damaged'],
    ['an unknown key', JSON.stringify({ ...good, hooks: ['rm -rf ~'] }), 'import-damaged'],
    [
      'a prototype',
      `{"format":"driftline-export","schemaVersion":1,"hosts":[],"profiles":[],"__proto__":{"x":1}}`,
      'import-damaged',
    ],
    [
      'a prototype in settings',
      JSON.stringify(good).replace('}', ',"settings":{"__proto__":{"theme":"dark"}}}'),
      'import-damaged',
    ],
    [
      'deep nesting',
      `{"format":"driftline-export","schemaVersion":1,"hosts":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
      'import-damaged',
    ],
    [
      'an option as an address',
      JSON.stringify({
        ...good,
        hosts: [{ ...hostDraft({ address: '-oProxyCommand=x' }), id: 'aaaaaaaa', hostKey: null, createdAt: 1 }],
      }),
      'import-damaged',
    ],
    ['too much', JSON.stringify({ ...good, padding: 'x'.repeat(MAX_EXPORT_LENGTH) }), 'bad-input'],
  ])('%s is refused in words', async (_what, text, code) => {
    const service = await startService();
    const result = await openImport(service, text);
    expect(result).toMatchObject({ kind: 'usage', code });
    expect(({} as { x?: unknown }).x).toBeUndefined();
    expect(service.hosts.list()).toEqual([]);
  });

  it('cannot bring a key that was accepted elsewhere, nor two things with one identifier', async () => {
    const target = await startService();
    const text = await exportOf(await furnished());
    const trusting = text.replace('"hostKey": null', `"hostKey": ${JSON.stringify(KEY)}`);
    expect(trusting).not.toBe(text);
    expect((await offered(target, trusting)).hosts[0]?.host.hostKey).toBeNull();
    const document = JSON.parse(text) as { profiles: unknown[] };
    document.profiles.push(document.profiles[0]);
    expect(await openImport(target, JSON.stringify(document))).toMatchObject({ code: 'import-damaged' });
  });

  it('is saved by the shell where it has a dialog', async () => {
    const saved: string[] = [];
    let path: PathText | null = '/kept.json' as PathText;
    const dialogs = {
      pickFolder: () => Promise.resolve(null),
      saveText: (_name: string, text: string) => Promise.resolve((saved.push(text), path)),
    };
    const screen = openScreen(await startService({ dialogs }));
    expect(await screen.call('export.create')).toEqual({ ok: true, value: { kind: 'saved', path } });
    path = null;
    expect(await screen.call('export.create')).toEqual({ ok: true, value: { kind: 'cancelled' } });
    expect(JSON.parse(saved[0]!)).toMatchObject({ format: 'driftline-export', hosts: [] });
  });
});
