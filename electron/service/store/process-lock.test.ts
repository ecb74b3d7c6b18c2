import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../ports.ts';
import { isAlive, ownIdentity } from './process-identity.ts';
import { readLock, tryLock, waitForLock } from './process-lock.ts';
import type { LockHolder } from './process-lock.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-lock-'));
  path = join(folder, 'x.lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;
const holder = (more: Partial<LockHolder>): string =>
  JSON.stringify({ ...ownIdentity, token: 'other', since: 1, about: { run: 'r1' }, ...more });

describe('tryLock', () => {
  it('takes, refuses while held, gives back, leaves nothing', () => {
    const first = tryLock(path, { run: 'r1' });
    expect(first.ok).toBe(true);
    const second = tryLock(path);
    expect(second).toMatchObject({ ok: false, holder: { pid: process.pid, about: { run: 'r1' } } });
    if (first.ok) first.lock.release();
    if (first.ok) first.lock.release();
    expect(readdirSync(folder)).toEqual([]);
    expect(tryLock(path).ok).toBe(true);
  });

  it.each([
    ['of a process that ended', () => holder({ pid: deadPid() })],
    ['of a process whose id was given to another', () => holder({ start: 'an earlier boot:1' })],
    ['that is damaged', () => '{"pid":'],
  ])('takes over a lock %s and tells whose it was', (name, content) => {
    writeFileSync(path, content());
    const stale: (LockHolder | null)[] = [];
    expect(tryLock(path, {}, (each) => stale.push(each)).ok).toBe(true);
    expect(stale).toHaveLength(1);
    expect(stale[0]?.about ?? null).toEqual(name.includes('damaged') ? null : { run: 'r1' });
    expect(readdirSync(folder)).toEqual(['x.lock']);
  });

  it('never takes the lock of another machine', () => {
    writeFileSync(path, holder({ pid: deadPid(), host: `not-${hostname()}` }));
    expect(tryLock(path).ok).toBe(false);
  });

  it('gets past the guard file that a killed process left', () => {
    writeFileSync(path, holder({ pid: deadPid() }));
    writeFileSync(`${path}.stale`, holder({ pid: deadPid() }));
    expect(tryLock(path).ok).toBe(true);
    expect(readdirSync(folder)).toEqual(['x.lock']);
  });

  it('releasing does not remove a lock that somebody else took over', () => {
    const attempt = tryLock(path);
    writeFileSync(path, holder({}));
    if (attempt.ok) attempt.lock.release();
    expect(readLock(path)).toMatchObject({ token: 'other' });
  });
});

describe('waitForLock', () => {
  it('waits for the holder', async () => {
    const first = await waitForLock(path, systemClock);
    const second = waitForLock(path, systemClock);
    first.release();
    (await second).release();
  });

  it('gives up with the name of the holder', async () => {
    await waitForLock(path, systemClock);
    let now = 0;
    const clock = {
      now: () => (now += 1000),
      timer: (_ms: number, fire: () => void) => (queueMicrotask(fire), () => undefined),
    };
    await expect(waitForLock(path, clock)).rejects.toMatchObject({ data: { code: 'store-busy' } });
  });
});

describe('isAlive', () => {
  it('knows this process, an ended one and init', () => {
    expect(isAlive(ownIdentity)).toBe(true);
    expect(isAlive({ ...ownIdentity, pid: deadPid() })).toBe(false);
    expect(isAlive({ ...ownIdentity, pid: 1, start: '' })).toBe(true);
  });
});
