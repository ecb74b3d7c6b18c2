import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { FromService } from '../../shared/ipc/define.ts';
import { CLI } from '../support/run.ts';
import { startSshd } from '../support/sshd.ts';
import type { Sshd } from '../support/sshd.ts';
import { build, dir, file } from '../support/trees.ts';
import { hostDraft, local, onHost, profileDraft, tempFolder } from './harness.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) await end(child);
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  await ended;
}

/** Where a secret is, among the words and the environment of every process there is. */
function processesWith(secrets: readonly string[]): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) =>
      ['cmdline', 'environ'].flatMap((what) => {
        try {
          const text = readFileSync(join('/proc', pid, what), 'utf8');
          return secrets.some((secret) => text.includes(secret)) ? [`${pid} ${what}`] : [];
        } catch {
          return []; // it has ended, or belongs to the kernel
        }
      }),
    );
}

/** Files below a folder that hold a secret. */
function filesWith(folder: string, secrets: readonly string[]): string[] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
  return paths.filter((path) => {
    try {
      return statSync(path).isFile() && secrets.some((secret) => readFileSync(path, 'latin1').includes(secret));
    } catch {
      return false; // a lock that was released meanwhile
    }
  });
}

/** A page's connection: sends requests and keeps every word that came back. */
async function connectPage(url: string) {
  const { headers } = await fetch(url, { redirect: 'manual' });
  const { host } = new URL(url);
  const Cookie = headers.get('set-cookie')?.split(';')[0] ?? '';
  const socket = new WebSocket(`ws://${host}/ws`, { headers: { Cookie, Origin: `http://${host}` } });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const transcript: string[] = [];
  const waiting = new Map<string, (value: unknown) => void>();
  const listeners: ((message: Extract<FromService, { type: 'event' }>) => void)[] = [];
  let last = 0;
  socket.on('message', (data: Buffer) => {
    const text = data.toString('utf8');
    transcript.push(text);
    const message = JSON.parse(text) as FromService;
    if (message.type === 'reply') waiting.get(message.id)?.(message.result);
    if (message.type === 'event') for (const listener of listeners) listener(message);
  });
  const ask = (type: 'call' | 'open', name: string, input: unknown = null) =>
    new Promise<{ ok: boolean; value: never }>((resolve) => {
      const id = `r${++last}`;
      waiting.set(id, resolve as (value: unknown) => void);
      socket.send(JSON.stringify({ type, id, name, input }));
    });
  return { transcript, ask, listeners, close: () => socket.close() };
}

describe.runIf(process.platform === 'linux')('a secret', () => {
  it('is nowhere but in memory: no file, no log, no reply, no process list', { retry: 0 }, async () => {
    expect(sshd.passwordUser, 'needs an account with a password').not.toBe('');
    const folder = tempFolder();
    const settings = join(folder, 'settings');
    mkdirSync(join(folder, 'home'));
    // Without a session bus there is no keychain: the secrets stay in the process.
    const env = { ...process.env, HOME: join(folder, 'home'), DRIFTLINE_HOME: settings, SSH_AUTH_SOCK: '' };
    const child = spawn(process.execPath, [CLI, 'serve'], {
      env: { ...env, DBUS_SESSION_BUS_ADDRESS: 'disabled:', NODE_DEBUG: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    let log = '';
    child.stderr.on('data', (data: Buffer) => (log += data.toString('utf8')));
    child.stdout.on('data', (data: Buffer) => (log += data.toString('utf8')));
    const url = await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
    const page = await connectPage(url);

    const wrong = `canary-${randomBytes(8).toString('hex')}`;
    const replaced = `canary-${randomBytes(8).toString('hex')}`;
    const secrets = [sshd.password, sshd.passphrase, wrong, replaced];
    const seen: string[] = [];
    const look = (): void => void seen.push(...processesWith(secrets), ...filesWith(folder, secrets));

    let answer = sshd.password;
    page.listeners.push(({ name, payload }) => {
      look();
      if (name !== 'event.prompt') return;
      const { promptId, question } = payload as { promptId: string; question: { kind: string } };
      const reply =
        question.kind === 'host-key' ? { kind: 'accept-host-key' } : { kind: 'secret', secret: answer, remember: true };
      void page.ask('call', 'prompts.answer', { promptId, answer: reply });
    });
    const addHost = async (name: string, draft: object, secret: string | null) =>
      (
        (await page.ask('call', 'hosts.add', { draft: hostDraft({ name, port: sshd.port, ...draft }), secret }))
          .value as { id: string }
      ).id;

    // A password: saved beforehand, wrong, asked for, replaced.
    const withPassword = { user: sshd.passwordUser };
    const saved = await addHost('saved', withPassword, sshd.password);
    expect(await page.ask('open', 'hosts.test', { id: saved })).toMatchObject({ ok: true });
    const mistaken = await addHost('mistaken', withPassword, wrong);
    answer = wrong;
    expect(await page.ask('open', 'hosts.test', { id: mistaken })).toMatchObject({ ok: false });
    const asked = await addHost('asked', withPassword, null);
    answer = sshd.password;
    expect(await page.ask('open', 'hosts.test', { id: asked })).toMatchObject({ ok: true });
    await page.ask('call', 'hosts.update', {
      id: mistaken,
      draft: hostDraft({ name: 'mistaken', port: sshd.port, ...withPassword }),
      secret: replaced,
    });
    // A passphrase.
    const key = { user: sshd.user, auth: { kind: 'key', keyPath: sshd.encryptedKeyPath } };
    const keyed = await addHost('keyed', key, null);
    answer = sshd.passphrase;
    expect(await page.ask('open', 'hosts.test', { id: keyed })).toMatchObject({ ok: true });

    // A preview, a run and a failed run with them.
    build(join(folder, 'source'), dir({ a: file('1'), b: file({ size: 200_000, seed: 3 }) }));
    const addProfile = async (name: string, hostId: string) => {
      const draft = profileDraft(name, local(join(folder, 'source')), onHost(hostId, `canary-${name}`));
      return ((await page.ask('call', 'profiles.add', { draft })).value as { id: string }).id;
    };
    const ended = (profileId: string) =>
      new Promise<unknown>((resolve) =>
        page.listeners.push(({ name, payload }) => {
          const run = payload as { profileId: string; result: { outcome: string } | null };
          if (name === 'event.run' && run.profileId === profileId && run.result !== null) resolve(run.result.outcome);
        }),
      );
    const good = await addProfile('good', saved);
    expect(await page.ask('open', 'preview.create', { profileId: good })).toMatchObject({ ok: true });
    const goodEnd = ended(good);
    await page.ask('call', 'runs.start', { profileId: good, planId: null, confirmed: [] });
    expect(await goodEnd).toBe('success');
    answer = wrong;
    const bad = await addProfile('bad', mistaken);
    const badEnd = ended(bad);
    await page.ask('call', 'runs.start', { profileId: bad, planId: null, confirmed: [] });
    expect(await badEnd).not.toBe('success');

    for (const name of [
      'hosts.list',
      'profiles.list',
      'runs.list',
      'prompts.list',
      'export.create',
      'app.info',
      'settings.get',
    ])
      expect(await page.ask('call', name)).toMatchObject({ ok: true });
    look();
    page.close();
    await end(child);
    look();

    expect(existsSync(join(settings, 'driftline.json'))).toBe(true);
    expect(seen).toEqual([]);
    const said = page.transcript.join('\n');
    expect(secrets.filter((secret) => said.includes(secret))).toEqual([]);
    expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
    // The address is printed for its reader; nothing else tells the token.
    const token = new URL(url).searchParams.get('token') ?? '';
    expect(log.split(token)).toHaveLength(2);
    expect(filesWith(folder, [token])).toEqual([]);
    expect(said).not.toContain(token);
  });

  it('is found by these very looks', async () => {
    const canary = `canary-${randomBytes(8).toString('hex')}`;
    const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => 0, 1000)', canary], {
      env: { ...process.env, CANARY: canary },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.push(child);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    expect(processesWith([canary])).toEqual([`${child.pid} cmdline`, `${child.pid} environ`]);
    const folder = tempFolder();
    build(folder, dir({ deep: dir({ a: file(`x${canary}x`) }) }));
    expect(filesWith(folder, [canary])).toEqual([join(folder, 'deep/a')]);
  });
});
