import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Demo } from '../../shared/model/demo.ts';
import type { Prompt } from '../../shared/model/prompt.ts';
import { differences, manifest } from '../support/trees.ts';
import { errorOf, hostDraft, local, onHost, openScreen, profileDraft, startService, tempFolder } from './harness.ts';

/** “Try it without a server”: the embedded SSH server in its thread, used as the window uses it. */
const folderOf = ({ homeFolder }: { homeFolder: string }): string => join(homeFolder, 'demo');

async function startDemo(service: Awaited<ReturnType<typeof startService>>): Promise<Demo> {
  const asked: Prompt[] = [];
  service.events.on('event.prompt', (prompt) => {
    asked.push(prompt);
    service.prompts.answer(prompt.promptId, { kind: 'accept-host-key' });
  });
  return service.handlers['demo.start'](null);
}
const preview = (service: Awaited<ReturnType<typeof startService>>, profileId: string) =>
  service.previews.create(profileId, () => undefined, new AbortController().signal);

describe('the demo server', () => {
  it('is previewed and run like any other, after its key was accepted, and leaves nothing', async () => {
    const service = await startService();
    const screen = openScreen(service);
    const asked: Prompt[] = [];
    service.events.on('event.prompt', (prompt) => {
      asked.push(prompt);
      service.prompts.answer(prompt.promptId, { kind: 'accept-host-key' });
    });
    const demo = await service.handlers['demo.start'](null);
    expect(await screen.call('demo.state')).toEqual({ ok: true, value: demo });
    expect(service.hosts.get(demo.hostId)).toMatchObject({ name: 'Demo server', hostKey: null });

    const { planId, counts, choice } = await preview(service, demo.profileId);
    expect(asked.map(({ question }) => question)).toMatchObject([{ kind: 'host-key', fingerprint: demo.fingerprint }]);
    // A month old: something of everything, and nothing that needs a confirmation.
    expect(counts).toMatchObject({ create: 6, update: 2, attributes: 0, delete: 1 });
    expect(choice.warnings).toEqual([]);
    const { runId } = await service.runs.start({ profileId: demo.profileId, planId, confirmed: [] });
    const { outcome, totals } = await service.runs.ended(runId);
    expect(outcome).toBe('success');
    expect(totals.matched).toBeGreaterThan(8 * totals.literal);
    expect(differences(manifest(demo.sampleFolder), manifest(join(demo.serverFolder, 'Backup')))).toEqual([]);

    const test = await service.connections.test(demo.hostId, () => undefined, new AbortController().signal);
    expect(test).toMatchObject({ rsyncVersion: 'driftline 0.0.0-test', protocol: 32 });
    const listing = await screen.open('hosts.folders', { id: demo.hostId, path: '' }).result;
    expect(listing).toMatchObject({ ok: true, value: { folders: ['Backup'] } });
    // Its password is nowhere but in this process.
    expect(service.keychain.items.size).toBe(0);

    expect(await screen.call('demo.stop')).toEqual({ ok: true, value: null });
    expect([service.hosts.list(), service.profiles.list(), service.handlers['demo.state'](null)]).toEqual([
      [],
      [],
      null,
    ]);
    expect(existsSync(folderOf(service))).toBe(false);
    expect(screen.received.filter((message) => message.type === 'event' && message.name === 'event.demo')).toEqual([
      { type: 'event', name: 'event.demo', payload: demo },
      { type: 'event', name: 'event.demo', payload: null },
    ]);
  });

  it('holds its clients in its folder', async () => {
    const service = await startService();
    const demo = await startDemo(service);
    const target = tempFolder();
    const escaping = await service.profiles.add(
      profileDraft('escape', local(demo.sampleFolder), onHost(demo.hostId, `../../../..${target}`)),
    );
    const { planId } = await preview(service, escaping.id);
    const { runId } = await service.runs.start({ profileId: escaping.id, planId, confirmed: [] });
    await service.runs.ended(runId);
    expect(readdirSync(target)).toEqual([]);
  });

  it('is one, however often it is asked for, and one for all processes', async () => {
    const service = await startService();
    const start = service.handlers['demo.start'];
    const [first, second] = await Promise.all([start(null), start(null)]);
    expect(second).toEqual(first);
    expect(service.hosts.list()).toHaveLength(1);
    const other = await startService({ homeFolder: service.homeFolder });
    expect(await errorOf(async () => other.handlers['demo.start'](null))).toMatchObject({
      code: 'demo-elsewhere',
      message: expect.stringContaining(`process ${process.pid}`) as unknown,
    });
    expect(other.handlers['demo.state'](null)).toBeNull();
  });

  it('takes other names where its own are taken, and removes only its own', async () => {
    const service = await startService();
    await service.hosts.add(hostDraft({ name: 'demo SERVER' }), null);
    await service.profiles.add(profileDraft('Sample files', local('/a'), local('/b')));
    const demo = await startDemo(service);
    expect(service.hosts.get(demo.hostId).name).toBe('Demo server (2)');
    expect(service.profiles.get(demo.profileId).name).toBe('Sample files (2)');
    await service.profiles.add(profileDraft('mine to the demo', local('/c'), onHost(demo.hostId, 'x')));
    await service.handlers['demo.stop'](null);
    expect(service.hosts.list().map(({ name }) => name)).toEqual(['demo SERVER']);
    expect(service.profiles.list().map(({ name }) => name)).toEqual(['Sample files']);
  });

  it('is in no export, whichever process makes it', async () => {
    const service = await startService();
    const mine = await service.hosts.add(hostDraft({ name: 'mine' }), null);
    await service.profiles.add(profileDraft('kept', local('/a'), onHost(mine.id, 'b')));
    const demo = await startDemo(service);
    await service.profiles.add(profileDraft('tried', local('/a'), onHost(demo.hostId, 'b')));
    const other = await startService({ homeFolder: service.homeFolder });
    for (const each of [service, other]) {
      const made = await each.handlers['export.create'](null);
      const { hosts, profiles } = JSON.parse(made.kind === 'text' ? made.text : '') as Record<
        string,
        { name: string }[]
      >;
      expect(hosts!.map(({ name }) => name)).toEqual(['mine']);
      expect(profiles!.map(({ name }) => name)).toEqual(['kept']);
    }
  });

  it('goes with its process, and what a killed one left goes at the next start', async () => {
    const service = await startService();
    const demo = await startDemo(service);
    const lock = join(service.homeFolder, 'locks/demo.lock');
    // What a killed process leaves: everything, and a lock of a process that is no more.
    const left = JSON.parse(readFileSync(lock, 'utf8')) as { pid: number };
    rmSync(lock);
    writeFileSync(lock, JSON.stringify({ ...left, start: 'long ago' }));
    const next = await startService({ homeFolder: service.homeFolder });
    expect([next.hosts.list(), next.profiles.list()]).toEqual([[], []]);
    expect(existsSync(folderOf(service))).toBe(false);

    const again = await startDemo(next);
    expect(again.hostId).not.toBe(demo.hostId);
    await next.close();
    const last = await startService({ homeFolder: service.homeFolder });
    expect(last.hosts.list()).toEqual([]);
    expect(existsSync(folderOf(service))).toBe(false);
  });
});
