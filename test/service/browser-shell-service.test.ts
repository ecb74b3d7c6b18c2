import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ROOT } from '../../build/peers.mjs';
import { startBrowserShell } from '../../electron/browser/browser-shell.ts';
import type { BrowserShell } from '../../electron/browser/browser-shell.ts';
import { listFolders } from '../../electron/browser/list-folders.ts';
import { createService } from '../../electron/service/create-service.ts';
import type { Service } from '../../electron/service/create-service.ts';
import { openHome } from '../../electron/service/home.ts';
import { openConfFile } from '../../electron/service/store/conf-store.ts';
import type { FromService } from '../../shared/ipc/define.ts';
import type { PathText } from '../../shared/model/path.ts';
import { DEFAULT_PROFILE_OPTIONS } from '../../shared/model/profile.ts';

describe('the browser shell with the real service', () => {
  let root: string;
  let service: Service;
  let shell: BrowserShell;
  let socket: WebSocket;
  /** An SSH server that never says a word. */
  let silent: Server;
  let callers: Socket[];
  let profileId: string;

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'driftline-shell-'));
    const home = openHome(join(root, 'home'));
    service = await createService({
      shell: 'browser',
      version: '0',
      home,
      storeFile: openConfFile(home.storeFile),
      notifier: { runEnded: () => undefined, notice: () => undefined },
      dialogs: { pickFolder: () => Promise.resolve(null) },
      listFolders,
      workerFile: join(ROOT, 'dist/transfer-worker.js'),
    });
    shell = await startBrowserShell({ rendererDir: join(ROOT, 'dist/renderer'), link: service.link });
    callers = [];
    silent = createServer((caller) => callers.push(caller.on('error', () => undefined))).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const draft = {
      name: 'silent',
      address: '127.0.0.1',
      port,
      user: 'me',
      auth: { kind: 'agent' as const },
      rsyncPath: '',
      jumpHostId: null,
    };
    const host = await service.hosts.add(draft, null);
    const profile = await service.profiles.add({
      name: 'Silent',
      tags: [],
      source: { kind: 'local', paths: [ROOT as PathText] },
      destination: { kind: 'host', hostId: host.id, path: '/backup' as PathText },
      contentsOnly: true,
      options: DEFAULT_PROFILE_OPTIONS,
    });
    profileId = profile.id;
    socket = await openPage();
  });
  afterEach(async () => {
    await shell.close();
    await service.close();
    for (const caller of callers) caller.destroy();
    silent.close();
    rmSync(root, { recursive: true, force: true });
  });

  async function openPage(): Promise<WebSocket> {
    const { headers } = await fetch(shell.url, { redirect: 'manual' });
    const cookie = headers.get('set-cookie')?.split(';')[0] ?? '';
    const opened = new WebSocket(`ws://127.0.0.1:${shell.port}/ws`, {
      headers: { Cookie: cookie, Origin: `http://127.0.0.1:${shell.port}` },
    });
    await once(opened, 'open');
    return opened;
  }

  function ask(name: string, input: unknown): Promise<FromService> {
    const id = randomUUID();
    return new Promise((resolve) => {
      socket.on('message', (data) => {
        const message = JSON.parse(String(data)) as FromService;
        if (message.type === 'reply' && message.id === id) resolve(message);
      });
      socket.send(JSON.stringify({ type: 'call', id, name, input }));
    });
  }

  async function nextCaller(): Promise<Socket> {
    if (callers.length === 0) await once(silent, 'connection');
    return callers[0]!;
  }

  it('answers calls, and refuses what the contract does not know', async () => {
    expect(await ask('app.info', null)).toMatchObject({ result: { ok: true, value: { shell: 'browser' } } });
    expect(await ask('folders.pick', null)).toMatchObject({ result: { ok: true, value: null } });
    expect(await ask('folders.list', { path: root })).toMatchObject({
      result: { ok: true, value: { folders: [join(root, 'home')] } },
    });
    expect(await ask('folders.list', { path: 'x' })).toMatchObject({
      result: { ok: false, error: { code: 'not-absolute' } },
    });
    expect(await ask('folders.list', { path: '/', more: 1 })).toMatchObject({
      result: { ok: false, error: { code: 'bad-input' } },
    });
    expect(await ask('__proto__', null)).toMatchObject({ result: { ok: false, error: { code: 'unknown-request' } } });
    expect(await ask('event.run', null)).toMatchObject({ result: { ok: false, error: { code: 'unknown-request' } } });
  });

  it('ends a preview with the page that asked for it', async () => {
    socket.send(JSON.stringify({ type: 'open', id: 'p', name: 'preview.create', input: { profileId } }));
    const caller = await nextCaller();
    const ended = once(caller.resume(), 'close');
    socket.terminate();
    await ended;
  });

  it('keeps a run going when the page goes', async () => {
    const reply = await ask('runs.start', { profileId, planId: null, confirmed: [] });
    expect(reply).toMatchObject({ result: { ok: true } });
    const caller = await nextCaller();
    socket.terminate();
    socket = await openPage();
    expect(await ask('runs.list', null)).toMatchObject({ result: { ok: true, value: [{ profileId, result: null }] } });
    expect(caller.destroyed).toBe(false);
  });
});
