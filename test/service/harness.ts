import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { ErrorData } from '../../shared/errors.ts';
import { DriftlineError } from '../../shared/errors.ts';
import type { FromService } from '../../shared/ipc/define.ts';
import type { HostDraft } from '../../shared/model/host.ts';
import type { PathText } from '../../shared/model/path.ts';
import { DEFAULT_PROFILE_OPTIONS, singleSource } from '../../shared/model/profile.ts';
import type { Endpoint, ProfileDraft, ProfileOptions, SourcePlace } from '../../shared/model/profile.ts';
import type { RunSnapshot } from '../../shared/model/run.ts';
import { createService } from '../../electron/service/create-service.ts';
import type { Service, ServicePorts } from '../../electron/service/create-service.ts';
import { openHome } from '../../electron/service/home.ts';
import type { Keychain } from '../../electron/service/ports.ts';
import { openConfFile } from '../../electron/service/store/conf-store.ts';
import { ROOT } from '../../build/peers.mjs';

/** The real worker, as `npm test` builds it before the suites. */
export const WORKER = join(ROOT, 'dist/transfer-worker.js');
const DEMO_WORKER = join(ROOT, 'dist/demo-worker.js');

const cleanups: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** An empty folder that vanishes after the test. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'driftline-service-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A keychain in memory, as a system's would behave. */
export function memoryKeychain(): Keychain & { items: Map<string, string> } {
  const items = new Map<string, string>();
  return {
    items,
    backend: () => Promise.resolve('test keychain'),
    get: (account) => Promise.resolve(items.get(account) ?? null),
    set: (account, value) => Promise.resolve(void items.set(account, value)),
    delete: (account) => Promise.resolve(void items.delete(account)),
  };
}

export interface TestService extends Service {
  homeFolder: string;
  keychain: ReturnType<typeof memoryKeychain>;
  notices: string[];
  ended: RunSnapshot[];
}

export async function startService(more: Partial<ServicePorts> & { homeFolder?: string } = {}): Promise<TestService> {
  const { homeFolder = tempFolder(), ...ports } = more;
  const home = openHome(homeFolder);
  const keychain = memoryKeychain();
  const notices: string[] = [];
  const ended: RunSnapshot[] = [];
  const service = await createService({
    shell: 'browser',
    version: '0.0.0-test',
    home,
    storeFile: openConfFile(home.storeFile),
    notifier: { runEnded: (snapshot) => ended.push(snapshot), notice: (message) => notices.push(message) },
    dialogs: { pickFolder: () => Promise.resolve('/picked' as PathText) },
    keychain,
    workerFile: WORKER,
    demoWorkerFile: DEMO_WORKER,
    ...ports,
  });
  cleanups.push(() => service.close());
  return { ...service, homeFolder, keychain, notices, ended };
}

export const local = (path: string): Endpoint => ({ kind: 'local', path: path as PathText });
export const onHost = (hostId: string, path: string): Endpoint => ({ kind: 'host', hostId, path: path as PathText });

export function profileDraft(
  name: string,
  source: Endpoint | SourcePlace,
  destination: Endpoint,
  options: Partial<ProfileOptions> = {},
): ProfileDraft {
  return {
    name,
    tags: [],
    source: 'paths' in source ? source : singleSource(source),
    destination,
    contentsOnly: true,
    options: { ...DEFAULT_PROFILE_OPTIONS, ...options },
  };
}

export const hostDraft = (more: Partial<HostDraft> = {}): HostDraft => ({
  name: 'server',
  address: '127.0.0.1',
  port: 22,
  user: 'somebody',
  auth: { kind: 'password' },
  rsyncPath: '',
  jumpHostId: null,
  ...more,
});

/** What a promise was rejected with, as data. */
export async function errorOf(promise: Promise<unknown> | (() => unknown)): Promise<ErrorData> {
  try {
    await (typeof promise === 'function' ? promise() : promise);
  } catch (error) {
    if (error instanceof DriftlineError) return error.data;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** A screen: sends requests as a window does and collects what comes back. */
export function openScreen(service: Pick<Service, 'link'>) {
  const received: FromService[] = [];
  const waiting = new Map<string, (message: Extract<FromService, { type: 'reply' }>['result']) => void>();
  const link = service.link((message) => {
    received.push(message);
    if (message.type === 'reply') waiting.get(message.id)?.(message.result);
  });
  let next = 1;
  const request = (type: 'call' | 'open', name: string, input: unknown) => {
    const id = `r${next++}`;
    const result = new Promise<Extract<FromService, { type: 'reply' }>['result']>((resolve) =>
      waiting.set(id, resolve),
    );
    link.receive({ type, id, name, input });
    return { id, result };
  };
  return {
    received,
    call: (name: string, input: unknown = null) => request('call', name, input).result,
    open: (name: string, input: unknown) => request('open', name, input),
    cancel: (id: string) => link.receive({ type: 'cancel', id }),
    close: () => link.close(),
  };
}
