import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { fail, toErrorData } from '../../shared/errors.ts';
import { Id } from '../../shared/model/common.ts';
import type { Demo } from '../../shared/model/demo.ts';
import type { PathText } from '../../shared/model/path.ts';
import { DEFAULT_PROFILE_OPTIONS, type Profile } from '../../shared/model/profile.ts';
import { startDemoThread } from '../worker/demo-thread.ts';
import type { DemoThread } from '../worker/demo-thread.ts';
import type { EventHub } from './events.ts';
import type { HostService } from './host-service.ts';
import type { Home } from './home.ts';
import { freeName } from './profile-service.ts';
import type { ProfileService } from './profile-service.ts';
import type { RunService } from './run-service.ts';
import type { Secrets } from './secrets.ts';
import { formatHolder, tryLock } from './store/process-lock.ts';
import type { HeldLock } from './store/process-lock.ts';
import { writeWhole } from './store/whole-file.ts';

/**
 * “Try it without a server”: an SSH server inside this process, with a host, a profile and sample files that make the
 * whole path walkable. It lives as long as this process; what a killed one left is removed at the next start.
 */
export interface DemoService {
  /** Null while no demo runs in this process. */
  state(): Demo | null;
  /** What is saved for it, also by another process. */
  traces(): DemoTraces;
  /** Starts it; the one that runs already is as good. @throws DriftlineError `usage`/`demo-elsewhere` */
  start(): Promise<Demo>;
  /**
   * Ends the server and removes its host, every profile that uses it, and its files.
   * @throws DriftlineError `usage`/`profile-busy` while one of them runs
   */
  stop(): Promise<void>;
}

export interface DemoParts {
  home: Home;
  version: string;
  hosts: HostService;
  profiles: ProfileService;
  runs: RunService;
  secrets: Secrets;
  events: EventHub;
  notice: (message: string) => void;
  /** Default: `demo-worker.js` beside the bundle. */
  workerFile?: string | URL;
}

const HOST_NAME = 'Demo server';
const PROFILE_NAME = 'Sample files';
/** Where the sample profile mirrors to, in the server's folder. */
const DESTINATION = 'Backup' as PathText;

/** What was saved for the demo, so that another process can remove it. */
const Marker = v.strictObject({ hostId: v.nullable(Id), profileId: v.nullable(Id) });
export type DemoTraces = v.InferOutput<typeof Marker>;

/** Whether a profile goes when the demo ends: its own, and every one that uses its host. */
export const isOfDemo = (
  { id, source, destination }: Pick<Profile, 'id' | 'source' | 'destination'>,
  { hostId, profileId }: DemoTraces,
): boolean => id === profileId || [source, destination].some((side) => side.kind === 'host' && side.hostId === hostId);

interface Running {
  demo: Demo;
  thread: DemoThread;
  lock: HeldLock;
}

export async function createDemoService(parts: DemoParts): Promise<DemoService> {
  const { home, hosts, profiles, secrets, events } = parts;
  const folder = join(home.folder, 'demo');
  const markerFile = join(folder, 'demo.json');
  const lockFile = join(home.locks, 'demo.lock');
  let running: Running | null = null;
  let queue: Promise<unknown> = Promise.resolve();

  /** One after the other: a double click is one demo. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = queue.then(work);
    queue = turn.catch(() => undefined);
    return turn;
  }

  async function launch(): Promise<Demo> {
    if (running !== null) return running.demo;
    const attempt = tryLock(lockFile);
    if (!attempt.ok) {
      throw fail(
        'usage',
        'demo-elsewhere',
        `The demo server runs in another Driftline (${formatHolder(attempt.holder)}).`,
        {
          hint: 'Use it there, or quit that one first.',
        },
      );
    }
    const { lock } = attempt;
    let thread: DemoThread | null = null;
    try {
      await removeTraces();
      await mkdir(folder, { mode: 0o700 });
      const sampleFolder = join(folder, PROFILE_NAME) as PathText;
      const serverFolder = join(folder, HOST_NAME) as PathText;
      thread = await startDemoThread(
        { version: parts.version, sampleFolder, serverFolder, copyFolder: join(serverFolder, DESTINATION) as PathText },
        parts.workerFile,
      );
      const { port, user, password, fingerprint } = thread;
      const host = await hosts.add(
        {
          name: freeName(HOST_NAME, hosts.list()),
          address: '127.0.0.1',
          port,
          user,
          auth: { kind: 'password' },
          jumpHostId: null,
          rsyncPath: '',
        },
        null,
      );
      const marker: DemoTraces = { hostId: host.id, profileId: null };
      writeWhole(markerFile, JSON.stringify(marker));
      secrets.hold(host, password);
      const profile = await profiles.add({
        name: freeName(PROFILE_NAME, profiles.list()),
        tags: [],
        source: { kind: 'local', paths: [sampleFolder] },
        destination: { kind: 'host', hostId: host.id, path: DESTINATION },
        contentsOnly: true,
        options: { ...DEFAULT_PROFILE_OPTIONS, delete: true },
      });
      writeWhole(markerFile, JSON.stringify({ ...marker, profileId: profile.id }));
      const started = {
        demo: { hostId: host.id, profileId: profile.id, port, fingerprint, sampleFolder, serverFolder },
        thread,
        lock,
      };
      running = started;
      events.emit('event.demo', started.demo);
      void thread.ended.then(() => lost(started));
      return started.demo;
    } catch (error) {
      await thread?.stop();
      await removeTraces().catch(() => undefined);
      lock.release();
      throw error;
    }
  }

  /** The thread ended though nobody stopped it. */
  function lost(which: Running): void {
    if (running !== which) return;
    parts.notice('The demo server ended unexpectedly and was removed.');
    void inTurn(() => end(which)).catch((error: unknown) => parts.notice(toErrorData(error).message));
  }

  async function end(which: Running): Promise<void> {
    if (running !== which) return;
    running = null;
    try {
      await which.thread.stop();
      await removeTraces();
    } finally {
      which.lock.release();
      // Announced when it is true: nothing of it is left.
      events.emit('event.demo', null);
    }
  }

  const users = (traces: DemoTraces): Profile[] => profiles.list().filter((profile) => isOfDemo(profile, traces));

  /** Removes what the marker tells of. Called by the holder of the lock only. */
  async function removeTraces(): Promise<void> {
    const traces = readMarker();
    const { hostId } = traces;
    for (const { id } of users(traces)) await profiles.remove(id);
    if (hostId !== null && hosts.list().some(({ id }) => id === hostId)) await hosts.remove(hostId);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }

  function readMarker(): DemoTraces {
    try {
      return v.parse(Marker, JSON.parse(readFileSync(markerFile, 'utf8')));
    } catch {
      return { hostId: null, profileId: null };
    }
  }

  if (existsSync(folder)) {
    const attempt = tryLock(lockFile);
    if (attempt.ok) {
      await removeTraces().catch((error: unknown) =>
        parts.notice(`What a demo left behind could not be removed: ${toErrorData(error).message}`),
      );
      attempt.lock.release();
    }
  }

  return {
    state: () => running?.demo ?? null,
    traces: readMarker,
    start: () => inTurn(launch),
    stop: () =>
      inTurn(async () => {
        if (running === null) return;
        const busy = users(running.demo).find(({ id }) => parts.runs.isRunning(id));
        if (busy !== undefined)
          throw fail('usage', 'profile-busy', `“${busy.name}” is running.`, { hint: 'Cancel the run first.' });
        await end(running);
      }),
  };
}
