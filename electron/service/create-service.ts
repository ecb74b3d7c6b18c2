import { homedir } from 'node:os';
import type { Handlers } from '../../shared/ipc/define.ts';
import type { DriftlineContract } from '../../shared/ipc/contract.ts';
import { fail, toErrorData } from '../../shared/errors.ts';
import type { ExportResult } from '../../shared/model/import.ts';
import type { PathText } from '../../shared/model/path.ts';
import { profileCommand } from '../../shared/profile-command.ts';
import { WorkerPool } from '../worker/pool.ts';
import { createDemoService } from './demo-service.ts';
import { createDispatcher } from './dispatcher.ts';
import type { LinkScreen } from './envelope.ts';
import { createEventHub } from './events.ts';
import type { EventHub } from './events.ts';
import { createHostConnections } from './host-connections.ts';
import type { HostConnections } from './host-connections.ts';
import { createHostImport } from './host-import.ts';
import type { HostImport } from './host-import.ts';
import { createHostService } from './host-service.ts';
import { createGuard } from './guard/guard.ts';
import type { HostService } from './host-service.ts';
import { exportName, encodeExport } from './export-document.ts';
import { createImportService } from './import-service.ts';
import type { Home } from './home.ts';
import { systemKeychain } from './keychain.ts';
import { systemClock } from './ports.ts';
import type { Clock, Dialogs, Keychain, Notifier, StoreFile } from './ports.ts';
import { tryFilters } from './filter-trial.ts';
import { createPreviewService } from './preview-service.ts';
import type { PreviewService } from './preview-service.ts';
import { createProfileService, hostOf } from './profile-service.ts';
import type { ProfileService } from './profile-service.ts';
import { jumpHosts } from './jump-hosts.ts';
import { readCommand } from './read-command.ts';
import { createPrompts } from './prompts.ts';
import type { Prompts } from './prompts.ts';
import { createRunService } from './run-service.ts';
import type { RunService } from './run-service.ts';
import { createSecrets } from './secrets.ts';
import { createSettingsService } from './settings-service.ts';
import type { SettingsService } from './settings-service.ts';
import { openStore } from './store/store.ts';

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
  /** Default: `demo-worker.js` beside the bundle. */
  demoWorkerFile?: string | URL;
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
  settings: SettingsService;
  connections: HostConnections;
  hostImports: HostImport;
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
  const secrets = createSecrets(ports.keychain ?? systemKeychain(), clock, notice);
  const prompts = createPrompts(events);
  const hosts = createHostService(store, secrets, clock);
  const profiles = createProfileService(store, clock);
  const settings = createSettingsService(store);
  const imports = createImportService({ hosts, profiles, settings });
  const pool = new WorkerPool({
    timer: clock.timer,
    ...(ports.workerFile === undefined ? {} : { workerFile: ports.workerFile }),
  });
  const guard = createGuard(home.seen);
  const shared = { hosts, secrets, prompts, notice, profiles, pool, guard, home, attended };
  const previews = createPreviewService(shared);
  const runs = createRunService({ ...shared, settings, previews, events, clock, notifier });

  const { version, demoWorkerFile } = ports;
  const demo = await createDemoService({
    ...{ home, version, hosts, profiles, runs, secrets, events, notice },
    ...(demoWorkerFile === undefined ? {} : { workerFile: demoWorkerFile }),
  });

  let last = '';
  store.onChange(({ hosts: allHosts, profiles: allProfiles }) => {
    const now = JSON.stringify([allHosts, allProfiles]);
    if (now === last) return;
    last = now;
    events.emit('event.hosts', allHosts);
    events.emit('event.profiles', allProfiles);
  });
  settings.onChange((now) => events.emit('event.settings', now));

  const connections = createHostConnections({ ...shared, clock });
  const hostImports = createHostImport(hosts, pool);

  async function exportAll(): Promise<ExportResult> {
    const name = exportName(new Date(clock.now()));
    const text = encodeExport(store.read(), demo.traces());
    if (ports.dialogs.saveText === undefined) return { kind: 'text', name, text };
    const path = await ports.dialogs.saveText(name, text);
    return path === null ? { kind: 'cancelled' } : { kind: 'saved', path };
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
      keychainProblem: await secrets.problem(),
    }),

    'hosts.list': () => hosts.list(),
    'hosts.add': ({ draft, secret }) => hosts.add(draft, secret),
    'hosts.update': ({ id, draft, secret }) => hosts.update(id, draft, secret),
    'hosts.remove': ({ id }) => nothing(hosts.remove(id)),
    'hosts.forgetKey': ({ id }) => hosts.forgetKey(id),
    'hosts.test': ({ id }, update, signal) => connections.test(id, (step) => update({ step }), signal),
    'hosts.folders': ({ id, path }, update, signal) =>
      connections.folders(id, path, (step) => update({ step }), signal),
    'hosts.keys': () => connections.keys(),
    'hosts.sshConfig': () => hostImports.candidates(),
    'hosts.import': ({ aliases }) => hostImports.save(aliases),
    'hosts.pickKey': () => ports.dialogs.pickKey?.() ?? null,

    'profiles.list': () => profiles.list(),
    'profiles.add': ({ draft }) => profiles.add(draft),
    'profiles.update': ({ id, draft }) => profiles.update(id, draft),
    'profiles.remove': async ({ id }) => {
      if (runs.isRunning(id))
        throw fail('usage', 'profile-busy', 'The profile is running.', { hint: 'Cancel the run first.' });
      await profiles.remove(id);
      guard.forget(id);
      return null;
    },
    'profiles.duplicate': ({ id }) => profiles.duplicate(id),
    'profiles.reorder': ({ ids }) => profiles.reorder(ids),
    'profiles.parseCommand': ({ text }) => readCommand(text, hosts.list()),
    'profiles.tryFilters': (asked, _update, signal) => tryFilters(pool, asked, signal),
    'profiles.command': ({ draft }) => {
      const host = hostOf(draft, hosts.list());
      return { command: profileCommand(draft, host, host === null ? [] : jumpHosts(host, hosts.list())) };
    },

    'preview.create': ({ profileId }, update, signal) => previews.create(profileId, update, signal),
    'preview.rows': ({ planId, ...page }) => previews.rows(planId, page),
    'preview.tick': ({ planId, selection, ticked }) => previews.tick(planId, selection, ticked),
    'preview.exclude': ({ planId, index, scope }) => previews.exclude(planId, index, scope),
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
    'runs.pause': ({ runId }) => {
      runs.pause(runId);
      return null;
    },
    'runs.resume': ({ runId }) => {
      runs.resume(runId);
      return null;
    },
    'runs.retry': ({ runId }) => runs.retry(runId),
    'runs.items': ({ runId, ...page }) => runs.items(runId, page),

    'settings.get': () => settings.get(),
    'settings.update': ({ change }) => settings.update(change),

    'demo.state': () => demo.state(),
    'demo.start': () => demo.start(),
    'demo.stop': () => nothing(demo.stop()),

    'export.create': () => exportAll(),
    'import.open': ({ text }) => imports.open(text),
    'import.apply': (choices) => imports.apply(choices),

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
    settings,
    connections,
    hostImports,
    async close() {
      await runs.close();
      await demo.stop().catch((error: unknown) => notice(toErrorData(error).message));
      await pool.close();
      store.close();
    },
  };
}
