import { homedir } from 'node:os';
import type { Handlers } from '../../shared/ipc/define.ts';
import type { DriftlineContract } from '../../shared/ipc/contract.ts';
import { fail } from '../../shared/errors.ts';
import type { HostTest } from '../../shared/model/host.ts';
import type { PathText } from '../../shared/model/path.ts';
import { WorkerPool } from '../worker/pool.ts';
import { createAnswerer } from './answerer.ts';
import { createDispatcher } from './dispatcher.ts';
import type { LinkScreen } from './envelope.ts';
import { createEventHub } from './events.ts';
import type { EventHub } from './events.ts';
import { createHostService } from './host-service.ts';
import type { HostService } from './host-service.ts';
import type { Home } from './home.ts';
import { systemKeychain } from './keychain.ts';
import { systemClock } from './ports.ts';
import type { Clock, Dialogs, Keychain, Notifier, StoreFile } from './ports.ts';
import { cancellable, createPreviewService } from './preview-service.ts';
import type { PreviewService } from './preview-service.ts';
import { createProfileService } from './profile-service.ts';
import type { ProfileService } from './profile-service.ts';
import { createPrompts } from './prompts.ts';
import type { Prompts } from './prompts.ts';
import { createRunService } from './run-service.ts';
import type { RunService } from './run-service.ts';
import { createSecrets } from './secrets.ts';
import { openStore } from './store/store.ts';
import { workerHost } from './worker-job.ts';

export interface FolderListing {
  path: PathText;
  parent: PathText | null;
  folders: PathText[];
}

/** What a shell gives the service. */
export interface ServicePorts {
  shell: 'electron' | 'browser';
  version: string;
  /** From `openHome(homeFolder())`. */
  home: Home;
  /** `openConfFile(home.storeFile)`, or electron-store wrapped by `confFile`. */
  storeFile: StoreFile;
  notifier: Notifier;
  dialogs: Dialogs;
  /** The service-side folder picker; shells with a system dialog leave it out. */
  listFolders?: (path: PathText) => Promise<FolderListing>;
  /** Default: the system's, through keytar. */
  keychain?: Keychain;
  clock?: Clock;
  /** Default: `transfer-worker.js` beside the bundle. */
  workerFile?: string | URL;
  /**
   * Whether somebody can answer questions (default). Without, what is not saved is refused at once, and the refusal
   * names the server's fingerprint.
   */
  attended?: boolean;
}

export interface Service {
  /** Links a screen: a window or a web page. */
  link: LinkScreen;
  handlers: Handlers<DriftlineContract>;
  events: EventHub;
  hosts: HostService;
  profiles: ProfileService;
  previews: PreviewService;
  runs: RunService;
  prompts: Prompts;
  /** Connects to a saved host and looks for rsync. */
  testHost(id: string, onStep: (step: string) => void, signal: AbortSignal): Promise<HostTest>;
  /** Cancels everything that goes on and waits for it (about two seconds at most). */
  close(): Promise<void>;
}

/** Puts the service together. Never refuses to start because of a damaged store: its calls then say what is wrong. */
export async function createService(ports: ServicePorts): Promise<Service> {
  const { home, notifier } = ports;
  const clock = ports.clock ?? systemClock;
  const attended = ports.attended ?? true;
  const notice = (message: string): void => notifier.notice(message);
  const events = createEventHub();
  const store = await openStore({ file: ports.storeFile, clock, notice });
  const secrets = createSecrets(ports.keychain ?? systemKeychain(), clock);
  const prompts = createPrompts(events);
  const hosts = createHostService(store, secrets, clock);
  const profiles = createProfileService(store, clock);
  const pool = new WorkerPool({
    timer: clock.timer,
    ...(ports.workerFile === undefined ? {} : { workerFile: ports.workerFile }),
  });
  const shared = { hosts, secrets, prompts, notice, profiles, pool, home, attended };
  const previews = createPreviewService(shared);
  const runs = createRunService({ ...shared, previews, events, clock, notifier });

  let last = '';
  store.onChange(({ hosts: allHosts, profiles: allProfiles }) => {
    const now = JSON.stringify([allHosts, allProfiles]);
    if (now === last) return;
    last = now;
    events.emit('event.hosts', allHosts);
    events.emit('event.profiles', allProfiles);
  });

  async function testHost(id: string, onStep: (step: string) => void, signal: AbortSignal): Promise<HostTest> {
    const host = hosts.get(id);
    const answerer = createAnswerer(shared, host, attended, signal);
    const work = pool.start(
      { kind: 'test-host', host: workerHost(host, home) },
      {
        onEvents: ({ steps }) => steps.forEach(onStep),
        async onAsk(question) {
          if (question.kind === 'prompt') return { kind: 'prompt', answer: await answerer.answer(question.question) };
          throw fail('internal', 'unexpected-question', 'A connection test asked about a plan.');
        },
      },
    );
    const outcome = await cancellable(work, signal);
    await answerer.loggedIn();
    if (outcome.kind !== 'tested')
      throw fail('internal', 'unexpected-outcome', 'The connection test ended without a result.');
    return outcome.test;
  }

  const nothing = async (done: Promise<unknown>): Promise<null> => {
    await done;
    return null;
  };

  const handlers: Handlers<DriftlineContract> = {
    'app.info': async () => ({
      version: ports.version,
      shell: ports.shell,
      platform: process.platform,
      home: homedir() as PathText,
      keychain: await secrets.backend(),
    }),

    'hosts.list': () => hosts.list(),
    'hosts.add': ({ draft, secret }) => hosts.add(draft, secret),
    'hosts.update': ({ id, draft, secret }) => hosts.update(id, draft, secret),
    'hosts.remove': ({ id }) => nothing(hosts.remove(id)),
    'hosts.forgetKey': ({ id }) => hosts.forgetKey(id),
    'hosts.test': ({ id }, update, signal) => testHost(id, (step) => update({ step }), signal),

    'profiles.list': () => profiles.list(),
    'profiles.add': ({ draft }) => profiles.add(draft),
    'profiles.update': ({ id, draft }) => profiles.update(id, draft),
    'profiles.remove': async ({ id }) => {
      if (runs.isRunning(id))
        throw fail('usage', 'profile-busy', 'The profile is running.', { hint: 'Cancel the run first.' });
      return nothing(profiles.remove(id));
    },

    'preview.create': ({ profileId }, update, signal) => previews.create(profileId, update, signal),
    'preview.rows': ({ planId, ...page }) => previews.rows(planId, page),
    'preview.discard': ({ planId }) => {
      previews.discard(planId);
      return null;
    },

    'runs.start': (request) => runs.start(request),
    'runs.list': () => runs.list(),
    'runs.get': ({ runId }) => runs.get(runId),
    'runs.cancel': ({ runId }) => {
      runs.cancel(runId);
      return null;
    },

    'prompts.list': () => prompts.list(),
    'prompts.answer': ({ promptId, answer }) => {
      prompts.answer(promptId, answer);
      return null;
    },

    'folders.pick': () => ports.dialogs.pickFolder(),
    'folders.list': ({ path }) => {
      if (ports.listFolders === undefined)
        throw fail('usage', 'no-folder-list', 'Folders are chosen in a system dialog here.');
      return ports.listFolders(path);
    },
  };

  return {
    link: createDispatcher(handlers, events),
    handlers,
    events,
    hosts,
    profiles,
    previews,
    runs,
    prompts,
    testHost,
    async close() {
      await runs.close();
      await pool.close();
      store.close();
    },
  };
}
