import { DriftlineError, fail, type Result } from '../../shared/errors.ts';
import type { FoundKey, Host, HostTest, RemoteFolder } from '../../shared/model/host.ts';
import type { PathText } from '../../shared/model/path.ts';
import { QUIET, type WorkerPool, type WorkerRun } from '../worker/pool.ts';
import { type Answerer, type AnswererParts, createAnswerer } from './answerer.ts';
import type { Home } from './home.ts';
import type { Clock } from './ports.ts';
import { cancellable } from './preview-service.ts';
import type { ProfileService } from './profile-service.ts';
import { workerHost } from './worker-job.ts';

export interface HostConnectionParts extends AnswererParts {
  profiles: ProfileService;
  pool: WorkerPool;
  home: Home;
  clock: Clock;
  attended: boolean;
}

/** What is done with a saved host outside of runs. */
export interface HostConnections {
  /** Connects, looks for rsync and for free space where profiles write. */
  test(id: string, onStep: (step: string) => void, signal: AbortSignal): Promise<HostTest>;
  /**
   * Sub-folders of a folder there. The connection stays for the next question; a cancelled one ends it.
   * @param path '' = the folder of the login
   */
  folders(id: string, path: PathText, onStep: (step: string) => void, signal: AbortSignal): Promise<RemoteFolder>;
  /** Private keys in the person's `.ssh` folder. */
  keys(): Promise<FoundKey[]>;
}

/** How long a connection waits for the next folder, in milliseconds. */
const IDLE_MS = 60_000;
/** Destinations whose free space a test asks for. */
const MAX_SPACES = 4;

interface Browser {
  worker: WorkerRun;
  answerer: Answerer;
  /** The record it connected to: an edited host is connected to anew. */
  record: string;
  /** What to list next, if that is known before the worker asks. */
  wanted: PathText | null;
  /** Set while the worker waits for a folder. */
  next: ((path: PathText) => void) | null;
  /** Set while somebody waits for a listing. */
  listed: ((result: Result<PathText[]>) => void) | null;
  onStep: (step: string) => void;
  stopIdle: () => void;
}

export function createHostConnections(parts: HostConnectionParts): HostConnections {
  const { hosts, pool, home, attended, clock } = parts;
  const browsers = new Map<string, Browser>();

  function startBrowser(host: Host, record: string): Browser {
    const closed = new AbortController();
    const answerer = createAnswerer(parts, host, attended, closed.signal);
    const worker = pool.start(
      { kind: 'browse', host: workerHost(host, hosts.list(), home) },
      {
        onEvents: ({ steps }) => steps.forEach((step) => browser.onStep(step)),
        async onAsk(question) {
          if (question.kind === 'prompt')
            return { kind: 'prompt', answer: await answerer.answer(question.question, question.hostId) };
          if (question.kind !== 'browse')
            throw fail('internal', 'unexpected-question', 'Browsing folders asked about a plan.');
          if (question.listed !== null) browser.listed?.(question.listed);
          const path = browser.wanted ?? (await new Promise<PathText>((resolve) => (browser.next = resolve)));
          browser.wanted = browser.next = null;
          return { kind: 'browse', path };
        },
      },
    );
    const browser: Browser = { worker, answerer, record, wanted: null, next: null, listed: null, ...IDLE };
    browsers.set(host.id, browser);
    void worker.exited.then(() => {
      closed.abort();
      end(host.id, browser);
    });
    return browser;
  }

  function end(hostId: string, browser: Browser): void {
    if (browsers.get(hostId) === browser) browsers.delete(hostId);
    browser.stopIdle();
    browser.worker.cancel();
  }

  /** A connection to exactly this record, with nobody else waiting on it. */
  function browserFor(host: Host): Browser {
    const record = JSON.stringify(workerHost({ ...host, hostKey: null }, hosts.list(), home));
    const kept = browsers.get(host.id);
    if (kept !== undefined && kept.record === record && kept.listed === null) return kept;
    if (kept !== undefined) end(host.id, kept);
    return startBrowser(host, record);
  }

  return {
    async test(id, onStep, signal) {
      const host = hosts.get(id);
      const answerer = createAnswerer(parts, host, attended, signal);
      const work = pool.start(
        { kind: 'test-host', host: workerHost(host, hosts.list(), home), paths: destinations(parts.profiles, id) },
        {
          onEvents: ({ steps }) => steps.forEach(onStep),
          async onAsk(question) {
            if (question.kind === 'prompt')
              return { kind: 'prompt', answer: await answerer.answer(question.question, question.hostId) };
            throw fail('internal', 'unexpected-question', 'A connection test asked about a plan.');
          },
        },
      );
      const outcome = await cancellable(work, signal);
      await answerer.loggedIn();
      if (outcome.kind !== 'tested')
        throw fail('internal', 'unexpected-outcome', 'The connection test ended without a result.');
      const { algorithm, fingerprint } = outcome.test;
      // Somebody vouched for it: a person just now, or the person's own known_hosts file.
      if (hosts.list().some((each) => each.id === id && each.hostKey === null))
        await hosts.acceptKey(host, { algorithm, fingerprint });
      return outcome.test;
    },

    async folders(id, path, onStep, signal) {
      const browser = browserFor(hosts.get(id));
      browser.stopIdle();
      browser.onStep = onStep;
      const listing = new Promise<Result<PathText[]>>((resolve) => (browser.listed = resolve));
      const cancel = (): void => end(id, browser);
      if (signal.aborted) cancel();
      signal.addEventListener('abort', cancel);
      try {
        if (browser.next !== null) browser.next(path);
        else browser.wanted = path;
        const over = browser.worker.outcome.then(() => {
          throw fail('cancelled', 'cancelled', 'The connection was closed.');
        });
        const result = await Promise.race([listing, over]);
        await browser.answerer.loggedIn();
        Object.assign(browser, IDLE, { listed: null });
        browser.stopIdle = clock.timer(IDLE_MS, () => end(id, browser));
        if (result.ok) return { path, folders: result.value };
        throw new DriftlineError(result.error);
      } catch (error) {
        // What is wrong with one folder leaves the connection as it is.
        if (!(error instanceof DriftlineError && error.data.kind === 'fs')) end(id, browser);
        throw error;
      } finally {
        signal.removeEventListener('abort', cancel);
      }
    },

    async keys() {
      const outcome = await pool.start({ kind: 'find-keys' }, QUIET).outcome;
      if (outcome.kind !== 'keys') throw fail('internal', 'unexpected-outcome', 'Keys were looked for in vain.');
      return outcome.keys;
    },
  };
}

/** Of a connection nobody waits on. */
const IDLE = { onStep: (): void => undefined, stopIdle: (): void => undefined };

/** Folders on a host that profiles write to, each once. */
function destinations(profiles: ProfileService, hostId: string): PathText[] {
  const paths = profiles
    .list()
    .flatMap(({ destination }) =>
      destination.kind === 'host' && destination.hostId === hostId ? [destination.path] : [],
    );
  return [...new Set(paths)].slice(0, MAX_SPACES);
}
