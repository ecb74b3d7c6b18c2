import { fail } from '../../shared/errors.ts';
import type { Host } from '../../shared/model/host.ts';
import { joinPath, type PathText } from '../../shared/model/path.ts';
import type { PlanAction, PlanRow } from '../../shared/model/preview.ts';
import type { Profile } from '../../shared/model/profile.ts';
import { createFakeBackend, type FakeBackend } from '../lib/backend-fake.ts';
import type { Backend } from '../lib/backend.ts';
import { HOSTS, id, manyProfiles, path, planRow, PROFILES, result, snapshot } from './samples.ts';

const ROWS = 100_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A service made of samples: enough behaviour to walk through every screen. */
export function createSampleService(scene: string): Backend {
  let hosts: Host[] = scene === 'empty' ? [] : [...HOSTS];
  let profiles: Profile[] = scene === 'empty' ? [] : scene === 'many' ? manyProfiles() : [...PROFILES];
  let next = 9000;
  const rows: PlanRow[] = [];
  const ended = scene === 'empty' ? [] : PROFILES.flatMap((p) => (p.lastRun ? [snapshot(p, p.lastRun)] : []));
  const running = scene === 'empty' ? [] : [snapshot(profiles[5]!, null)];

  const backend: FakeBackend = createFakeBackend({
    'app.info': () => ({
      version: '0.1.0',
      shell: 'browser',
      platform: 'linux',
      home: path('/home/ada'),
      keychain: 'GNOME Keyring',
    }),
    'hosts.list': () => hosts,
    'hosts.add': ({ draft }) => {
      if (draft.address.includes(' '))
        throw fail('usage', 'invalid', 'a host name or an IP address', { details: { field: 'draft.address' } });
      const host = { ...draft, id: id(next++), hostKey: null, createdAt: Date.now() };
      hosts = [...hosts, host];
      return host;
    },
    'hosts.update': ({ id, draft }) => {
      const host = { ...hosts.find((h) => h.id === id)!, ...draft };
      hosts = hosts.map((h) => (h.id === id ? host : h));
      return host;
    },
    'hosts.remove': ({ id }) => {
      hosts = hosts.filter((h) => h.id !== id);
      return null;
    },
    'hosts.forgetKey': ({ id }) => {
      const host = { ...hosts.find((h) => h.id === id)!, hostKey: null };
      hosts = hosts.map((h) => (h.id === id ? host : h));
      return host;
    },
    'hosts.test': async ({ id: hostId }, update, signal) => {
      for (const step of ['connecting', 'logged-in', 'rsync-found']) {
        update({ step });
        await pause(250);
        if (signal.aborted) throw fail('cancelled', 'cancelled', 'The test was stopped.');
        if (step === 'connecting' && hostId === id(3))
          throw fail('auth', 'agent-unavailable', 'SSH_AUTH_SOCK is not set.');
      }
      return { rsyncVersion: '3.5.0', protocol: 32, roundTripMs: 12.4, fingerprint: HOSTS[0]!.hostKey!.fingerprint };
    },
    'profiles.list': () => profiles,
    'profiles.add': ({ draft }) => {
      if (draft.source.path === draft.destination.path)
        throw fail('usage', 'invalid', 'Source and destination are the same folder.', {
          details: { field: 'draft.destination.path' },
        });
      const profile = { ...draft, id: id(next++), createdAt: Date.now(), lastRun: null };
      profiles = [...profiles, profile];
      return profile;
    },
    'profiles.update': ({ id, draft }) => {
      const profile = { ...profiles.find((p) => p.id === id)!, ...draft };
      profiles = profiles.map((p) => (p.id === id ? profile : p));
      return profile;
    },
    'profiles.remove': ({ id }) => {
      profiles = profiles.filter((p) => p.id !== id);
      return null;
    },
    'preview.create': async ({ profileId }, update, signal) => {
      const name = profiles.find((p) => p.id === profileId)!.name;
      const { progress } = running[0] ?? snapshot(profiles[0]!, null);
      update({ ...progress, phase: 'listing', filesTotal: 12_408, bytesTotal: 38_240_000_000 });
      await pause(scene === 'slow' ? 60_000 : 300);
      if (signal.aborted) throw fail('cancelled', 'cancelled', 'Cancelled.');
      if (name === 'Documents')
        throw fail('connect', 'refused', 'backup.example.net refused the connection on port 22.');
      const none = name === 'Web site';
      if (rows.length === 0) for (let n = 0; n < ROWS; n++) rows.push(planRow(n));
      const count = (action: PlanAction) => (none ? 0 : rows.filter((row) => row.action === action).length);
      return {
        planId: id(7000),
        profileId,
        counts: {
          create: count('create'),
          update: count('update'),
          attributes: count('attributes'),
          delete: count('delete'),
          unchanged: 41_200,
          destinationTotal: 130_000,
          sourceTotal: 141_200,
          transferSize: 2_412_000_000_000,
          deleteSize: 1_000_000,
        },
        warnings:
          name === 'Mail archive'
            ? [
                {
                  code: 'many-deletions',
                  message: 'This run would delete 9,120 of 12,408 entries (73 %) on the destination.',
                },
              ]
            : [],
        issueCount: name === 'Mail archive' ? 2 : 0,
      };
    },
    'preview.rows': async ({ offset, limit, actions, search }) => {
      await pause(30);
      const found = rows.filter(
        (row) => (actions.length === 0 || actions.includes(row.action)) && row.path.includes(search),
      );
      return { total: found.length, rows: found.slice(offset, offset + limit) };
    },
    'preview.discard': () => null,
    'runs.start': ({ profileId }) => {
      const profile = profiles.find((p) => p.id === profileId)!;
      const runId = id(next++);
      void play(profile, runId);
      return { runId };
    },
    'runs.list': () => [...running, ...ended],
    'runs.get': ({ runId }) => [...running, ...ended].find((run) => run.runId === runId)!,
    'runs.cancel': () => null,
    'prompts.list': () => [],
    'prompts.answer': () => null,
    'folders.pick': () => null,
    'folders.list': ({ path: at }) => {
      if (at.includes('missing')) throw fail('fs', 'not-found', `There is no folder ${at}.`);
      const names = [
        'Documents',
        'Mail',
        'Music',
        'Pictures',
        'مجلد الصور',
        '<img src=x onerror=alert(1)>',
        'work',
        ...Array.from({ length: 40 }, (_, n) => `folder ${n}`),
      ];
      return {
        path: at,
        parent: at === '/' ? null : path(at.slice(0, at.lastIndexOf('/')) || '/'),
        folders: at.endsWith('Music') ? [] : names.map((name) => joinPath<PathText>(at, path(name))),
      };
    },
  });

  async function play(profile: Profile, runId: string) {
    const whole = snapshot(profile, null, { runId, startedAt: Date.now() });
    for (let step = 0; step <= 40; step++) {
      const share = step / 40;
      backend.emit('event.run', {
        ...whole,
        progress: {
          ...whole.progress,
          phase: step < 3 ? 'connecting' : step < 6 ? 'listing' : 'transferring',
          bytesDone: Math.floor(share * 2_400_000_000),
          filesDone: Math.floor(share * 12_408),
          listComplete: step > 12,
          rate: 30_000_000 + 12_000_000 * Math.sin(step / 3),
          etaSeconds: step > 12 ? (40 - step) * 2 : null,
        },
      });
      await pause(250);
    }
    const done = { ...result(0, 'success', 0), runId, startedAt: whole.startedAt };
    profiles = profiles.map((p) => (p.id === profile.id ? { ...p, lastRun: done } : p));
    backend.emit('event.profiles', profiles);
    backend.emit('event.run', { ...snapshot(profile, done), startedAt: whole.startedAt });
  }

  // Reachable from the browser's console and from screenshot scripts.
  Object.assign(window, { sampleService: backend });
  if (scene === 'lost')
    return { ...backend, onConnection: (listener) => (listener('open'), listener('lost'), () => undefined) };
  return backend;
}
