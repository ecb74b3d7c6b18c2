import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DriftlineError } from '../../../shared/errors.ts';
import { HoldTimer } from '../hold-timer.ts';
import { AgentClient } from './ssh-agent.ts';

let folder: string;
let server: Server | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-agent-unit-'));
});
afterEach(async () => {
  vi.useRealTimers();
  if (server !== null) await new Promise((resolve) => server!.close(resolve));
  server = null;
  rmSync(folder, { recursive: true, force: true });
});

/** An agent that does `onRequest` with each request. */
async function agent(onRequest: (socket: Socket) => void): Promise<AgentClient> {
  const path = join(folder, 'sock');
  server = createServer((socket) => socket.once('data', () => onRequest(socket)));
  await new Promise<void>((resolve) => server!.listen(path, resolve));
  return new AgentClient(path, new AbortController().signal);
}

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof DriftlineError)) throw error ?? new Error('expected an error');
  expect(error.data).toMatchObject({ kind: 'auth', code: 'agent-unavailable' });
  return error.message;
}

describe('AgentClient', () => {
  it('gives up on an agent that never answers', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const client = await agent(() => vi.advanceTimersByTime(5_000));
    expect(await messageOf(client.identities())).toContain('did not answer within 5 seconds');
  });

  it.each([
    ['an empty answer', [0, 0, 0, 0], 'malformed'],
    ['an answer too long', [1, 0, 0, 0], 'malformed'],
    ['a refusal', [0, 0, 0, 1, 5], 'refused to list'],
    ['a list cut short', [0, 0, 0, 5, 12, 0, 0, 0, 9], 'malformed'],
    ['a key longer than the list', [0, 0, 0, 9, 12, 0, 0, 0, 1, 0xff, 0, 0, 0], 'malformed'],
  ])('refuses %s', async (_name, bytes, message) => {
    const client = await agent((socket) => socket.write(Buffer.from(bytes)));
    expect(await messageOf(client.identities())).toContain(message);
  });

  it('reads an answer that comes byte by byte', async () => {
    const answer = Buffer.from([0, 0, 0, 15, 12, 0, 0, 0, 1, 0, 0, 0, 2, 7, 8, 0, 0, 0, 1, 0x63]);
    const client = await agent((socket) => {
      for (const byte of answer.subarray(0, -1)) socket.write(Buffer.of(byte));
      socket.write(answer.subarray(-1));
    });
    answer[3] = answer.length - 4;
    expect(await client.identities()).toEqual([{ key: Buffer.of(7, 8), comment: 'c' }]);
  });

  it('says so when it hangs up, and when there is none', async () => {
    const client = await agent((socket) => socket.destroy());
    await messageOf(client.identities());
    vi.stubEnv('SSH_AUTH_SOCK', '');
    expect(() => new AgentClient(undefined, new AbortController().signal)).toThrow('No key agent is running');
    vi.unstubAllEnvs();
  });
});

describe('HoldTimer', () => {
  it('stands still while held and starts over afterwards', async () => {
    vi.useFakeTimers();
    let expired = 0;
    const timer = new HoldTimer(100, () => expired++);
    timer.start();
    vi.advanceTimersByTime(99);
    await timer.hold(() => {
      vi.advanceTimersByTime(10_000);
      return Promise.resolve();
    });
    vi.advanceTimersByTime(99);
    expect(expired).toBe(0);
    vi.advanceTimersByTime(1);
    expect(expired).toBe(1);
    timer.start();
    timer.stop();
    await timer.hold(() => Promise.resolve());
    vi.advanceTimersByTime(1_000);
    expect(expired).toBe(1);
  });
});
