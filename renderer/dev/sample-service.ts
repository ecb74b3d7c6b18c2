import { fail } from '../../shared/errors.ts';
import type { Host } from '../../shared/model/host.ts';
import { joinPath, type PathText } from '../../shared/model/path.ts';
import { DEFAULT_SETTINGS } from '../../shared/model/settings.ts';
import type { GuardFinding } from '../../shared/model/guard.ts';
import { exclusionFor } from '../../shared/exclude-rule.ts';
import type { PlanAction, PlanCounts, PlanRow } from '../../shared/model/preview.ts';
import type { Profile } from '../../shared/model/profile.ts';
import { createFakeBackend, type FakeBackend } from '../lib/backend-fake.ts';
import type { Backend } from '../lib/backend.ts';
import { CONFIG_HOSTS, FOUND_KEYS } from './sample-ssh.ts';
import { HOSTS, id, manyProfiles, path, planRow, PROFILES, result, snapshot } from './samples.ts';

const ROWS = 100_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A service made of samples: enough behaviour to walk through every screen. */
export function createSampleService(scene: string): Backend {
  let hosts: Host[] = scene === 'empty' ? [] : [...HOSTS];
  let profiles: Profile[] = scene === 'empty' ? [] : scene === 'many' ? manyProfiles() : [...PROFILES];
  let settings = DEFAULT_SETTINGS;
  let next = 9000;
  const rows: PlanRow[] = [];
  let counts: PlanCounts | null = null;
  const ended = scene === 'empty' ? [] : PROFILES.flatMap((p) => (p.lastRun ? [snapshot(p, p.lastRun)] : []));
  const running = scene === 'empty' ? [] : [snapshot(profiles[5]!, null)];

  const backend: FakeBackend = createFakeBackend({
    'app.info': () => ({
      version: '0.1.0',
      shell: 'browser',
      platform: 'linux',
      home: path('/home/ada'),
      keychain: scene === 'few' ? 'GNOME Keyring' : null,
      keychainProblem: scene === 'few' ? null : 'no-service',
    }),
    'settings.get': () => settings,
    'settings.update': ({ change }) => (settings = { ...settings, ...change }),
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
      if (hostId === id(2))
        throw fail('host-key', 'host-key-changed', 'The identity of the server has changed.', {
          details: {
            ...{ host: 'nas', port: 22, algorithm: 'ssh-ed25519', fingerprint: HOSTS[2]!.hostKey!.fingerprint },
            known: [`ssh-ed25519 ${HOSTS[0]!.hostKey!.fingerprint}`],
          },
        });
      return {
        ...{ rsyncVersion: '3.5.0', rsyncPath: '/usr/bin/rsync', protocol: 32, roundTripMs: 12.4 },
        ...{ algorithm: 'ssh-ed25519', fingerprint: HOSTS[0]!.hostKey!.fingerprint },
        space: [
          { path: path(''), free: 12_400_000_000, total: 50_000_000_000 },
          { path: path('/srv/mirror/photos'), free: 1_412_000_000_000, total: 4_000_000_000_000 },
        ],
        login: ['key ~/.ssh/id_ed25519', 'keyboard-interactive'],
      };
    },
    'hosts.folders': async ({ path: at }, update) => {
      update({ step: 'connecting' });
      await pause(scene === 'slow' ? 60_000 : 300);
      if (at.includes('missing')) throw fail('fs', 'folder-missing', `“${at}” does not exist on the server.`);
      const names = [
        'backup',
        'Photos',
        'مجلد الصور',
        '<img src=x onerror=alert(1)>',
        'line\nbreak',
        'a name that is quite a lot longer than the dialog is wide, as names on servers sometimes are',
        'srv',
      ];
      return { path: at, folders: names.map((name) => (at === '' ? path(name) : joinPath<PathText>(at, path(name)))) };
    },
    'hosts.keys': () => FOUND_KEYS,
    'hosts.sshConfig': () => CONFIG_HOSTS,
    'hosts.import': () => hosts.slice(0, 1),
    'hosts.pickKey': () => null,
    'profiles.list': () => profiles,
    'profiles.add': ({ draft }) => {
      if (draft.source.paths.includes(draft.destination.path))
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
    'profiles.duplicate': ({ id: original }) => {
      const copied = profiles.find((p) => p.id === original)!;
      const copy = { ...copied, id: id(next++), name: `${copied.name} (2)`, lastRun: null };
      profiles = profiles.flatMap((p) => (p === copied ? [p, copy] : [p]));
      return copy;
    },
    'profiles.tryFilters': async ({ filters }) => {
      await pause(100);
      const names = filters.flatMap((rule, at) =>
        [0, 1].map((n) => ({ path: path(`${rule.slice(2)} ${n}`), folder: n > 0, rule: at })),
      );
      return { looked: 4_812, dropped: names.length, complete: filters.length < 3, rows: names };
    },
    'profiles.parseCommand': () => {
      throw fail('usage', 'not-rsync', 'This is not an rsync command.');
    },
    'profiles.command': () => ({ command: 'rsync --archive /a b@c:/d' }),
    'profiles.reorder': ({ ids }) => {
      const at = (p: (typeof profiles)[number]) => (ids.includes(p.id) ? ids.indexOf(p.id) : ids.length);
      return (profiles = [...profiles].sort((a, b) => at(a) - at(b)));
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
      const odd = name === 'Mail archive';
      const warnings: GuardFinding[] = odd
        ? [
            {
              code: 'many-deletions',
              message: '9,120 of 12,408 entries of the destination would be deleted.',
              hint: 'Check that the source is the right folder and complete, then confirm.',
              confirmable: true,
              facts: [
                { name: 'deletions', value: 9120 },
                { name: 'destination-entries', value: 12_408 },
              ],
            },
          ]
        : [];
      counts = {
        create: count('create'),
        update: count('update'),
        attributes: count('attributes'),
        delete: count('delete'),
        unchanged: 41_200,
        destinationTotal: 130_000,
        sourceTotal: 141_200,
        transferSize: 2_412_000_000_000,
        deleteSize: 1_000_000,
        replacesNewer: 0,
        keptByFilter: 12,
      };
      return {
        planId: id(7000),
        profileId,
        counts,
        choice: { counts, warnings },
        deletes: true,
        issueCount: odd ? 1 : 0,
        issues: odd ? [{ code: 'scan-failed', path: path('Mail/x'), message: 'Mail/x: Permission denied (13)' }] : [],
      };
    },
    'preview.rows': async ({ offset, limit, actions, search }) => {
      await pause(30);
      const found = rows.filter(
        (row) => (actions.length === 0 || actions.includes(row.action)) && row.path.includes(search),
      );
      const ticked = found.filter((row) => row.ticked).length;
      return { total: found.length, ticked, rows: found.slice(offset, offset + limit) };
    },
    'preview.tick': ({ selection, ticked }) => {
      const changed =
        selection.kind === 'shown' ? rows.slice(selection.first, selection.last + 1) : [rows[selection.index]!];
      for (const row of changed) rows[row.index] = { ...row, ticked };
      return { counts: counts!, warnings: [] };
    },
    'preview.exclude': ({ index, scope }) => {
      const exclusion = exclusionFor(rows[index]!, scope)!;
      let left = 0;
      for (const row of rows) {
        if (!exclusion.matches(row.path)) continue;
        rows[row.index] = { ...row, ticked: false, excludedBy: 1 };
        left++;
      }
      return { rule: `- ${exclusion.pattern}`, rows: left, choice: { counts: counts!, warnings: [] } };
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
    'runs.pause': () => null,
    'runs.resume': () => null,
    'runs.retry': () => ({ runId: id(next++) }),
    'runs.items': ({ offset, limit, actions, search }) => {
      const found = Array.from({ length: 214 }, (_, n) => planRow(n))
        .filter((row) => (actions.length === 0 || actions.includes(row.action)) && row.path.includes(search))
        .map(({ path: at, action, itemized, source }) => ({ path: at, action, itemized, size: source?.size ?? 0 }));
      return { total: found.length, rows: found.slice(offset, offset + limit) };
    },
    'demo.state': () => null,
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
