import type { Handlers } from '../../../shared/ipc/define.ts';
import type { DriftlineContract } from '../../../shared/ipc/contract.ts';
import { bytesToText, textToBytes } from '../../../shared/model/path.ts';
import type { PreviewSummary } from '../../../shared/model/preview.ts';
import { DEFAULT_PROFILE_OPTIONS, type Endpoint, singleSource } from '../../../shared/model/profile.ts';
import type { Prompt } from '../../../shared/model/prompt.ts';
import type { RunResult } from '../../../shared/model/run.ts';
import type { SshServer } from '../../engine/transport/ssh-server.ts';
import { createService } from '../../service/create-service.ts';
import { openHome } from '../../service/home.ts';
import type { Keychain } from '../../service/ports.ts';
import { openConfFile } from '../../service/store/conf-store.ts';
import { VERSION } from '../version.ts';

export interface Ends {
  direction: 'push' | 'pull';
  /** Absolute paths; which of them is on the server says the direction. */
  source: string;
  destination: string;
}

/** The application's service, used as the window uses it. */
export interface DemoClient {
  /** Saves the server as a host whose rsync is `program`. Returns the host's id. */
  addHost(name: string, program: string): Promise<string>;
  /** Saves a profile that mirrors with deletion. Returns the profile's id. */
  addProfile(name: string, hostId: string, ends: Ends): Promise<string>;
  preview(profileId: string): Promise<PreviewSummary>;
  /** Runs a plan to its end; a run that failed is a result, too. */
  run(profileId: string, planId: string): Promise<RunResult>;
  close(): Promise<void>;
}

/** The demo leaves nothing in anybody's keychain. */
const NO_KEYCHAIN: Keychain = {
  backend: () => Promise.resolve(null),
  get: () => Promise.resolve(null),
  set: () => Promise.reject(new Error('the demo has no keychain')),
  delete: () => Promise.resolve(),
};

/**
 * Starts the service on a home of its own and acts for the person: accepts the host key only if it is the server's own, and
 * signs in with its password.
 */
export async function openDemoClient(options: {
  home: string;
  workerFile?: string | undefined;
  server: SshServer;
  /** What the service wants to tell. */
  notice: (message: string) => void;
}): Promise<DemoClient> {
  const { server, notice } = options;
  const home = openHome(options.home);
  const service = await createService({
    shell: 'browser',
    version: VERSION,
    home,
    storeFile: openConfFile(home.storeFile),
    notifier: { runEnded: () => undefined, notice },
    dialogs: { pickFolder: () => Promise.resolve(null) },
    keychain: NO_KEYCHAIN,
    ...(options.workerFile === undefined ? {} : { workerFile: options.workerFile }),
  });
  const api: Handlers<DriftlineContract> = service.handlers;

  service.events.on('event.prompt', ({ promptId, question }: Prompt) => {
    const known = question.kind === 'host-key' && question.fingerprint === server.fingerprint;
    void api['prompts.answer']({ promptId, answer: known ? { kind: 'accept-host-key' } : { kind: 'refuse' } });
  });

  return {
    async addHost(name, program) {
      const draft = {
        name,
        address: '127.0.0.1',
        port: server.port,
        user: server.user,
        auth: { kind: 'password' as const },
        rsyncPath: program,
        jumpHostId: null,
      };
      return (await api['hosts.add']({ draft, secret: server.password })).id;
    },
    async addProfile(name, hostId, { direction, source, destination }) {
      const end = (path: string, remote: boolean): Endpoint => {
        const text = bytesToText(textToBytes(path));
        return remote ? { kind: 'host', hostId, path: text } : { kind: 'local', path: text };
      };
      const draft = {
        name,
        tags: [],
        source: singleSource(end(source, direction === 'pull')),
        destination: end(destination, direction === 'push'),
        contentsOnly: true,
        options: { ...DEFAULT_PROFILE_OPTIONS, delete: true },
      };
      return (await api['profiles.add']({ draft })).id;
    },
    preview: (profileId) => api['preview.create']({ profileId }, () => undefined, new AbortController().signal),
    async run(profileId, planId) {
      const { runId } = await api['runs.start']({ profileId, planId, confirmed: [] });
      return service.runs.ended(runId);
    },
    close: () => service.close(),
  };
}
