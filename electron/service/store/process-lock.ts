import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { fail } from '../../../shared/errors.ts';
import type { Clock } from '../ports.ts';
import { isAlive, ownIdentity } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** What a lock file says about who holds it. `about` is whatever the holder wants the next one to know. */
export interface LockHolder extends ProcessIdentity {
  token: string;
  since: number;
  about: Record<string, string | number>;
}

const LockHolderSchema = v.strictObject({
  pid: v.pipe(v.number(), v.integer(), v.minValue(1)),
  start: v.string(),
  host: v.string(),
  token: v.string(),
  since: v.number(),
  about: v.record(v.string(), v.union([v.string(), v.number()])),
});

/** A holder in words: `process 4711`, `process 4711 on nas` for another machine's. */
export const formatHolder = ({ pid, host }: ProcessIdentity): string =>
  `process ${pid}${host === ownIdentity.host ? '' : ` on ${host}`}`;

export interface HeldLock {
  readonly path: string;
  /** Gives the lock back; idempotent. */
  release(): void;
}

export type LockAttempt = { ok: true; lock: HeldLock } | { ok: false; holder: LockHolder };

/**
 * Takes a lock file, once, without waiting. The file appears with its content in one step (a link to a finished
 * file), so nobody ever reads half of it. The lock of a process that ended is taken over.
 *
 * @param onStale told who left the lock behind, before it is taken over
 * @returns the lock, or who holds it
 */
export function tryLock(
  path: string,
  about: Record<string, string | number> = {},
  onStale: (holder: LockHolder | null) => void = () => undefined,
): LockAttempt {
  const mine: LockHolder = { ...ownIdentity, token: randomUUID(), since: Date.now(), about };
  const draft = `${path}.${mine.pid}-${mine.token}`;
  writeFileSync(draft, JSON.stringify(mine), { flag: 'wx', mode: 0o600 });
  try {
    for (;;) {
      if (place(draft, path)) return { ok: true, lock: held(path, mine.token) };
      const holder = readLock(path);
      if (holder === 'absent') continue;
      if (holder !== 'damaged' && isAlive(holder)) return { ok: false, holder };
      takeAway(path, draft, onStale);
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Removes a stale lock. Two processes may see the same stale lock at once; only the one that holds the guard file
 * looks again and removes, so neither can remove the other's new lock.
 */
function takeAway(path: string, draft: string, onStale: (holder: LockHolder | null) => void): void {
  const guard = `${path}.stale`;
  if (!place(draft, guard)) {
    const other = readLock(guard);
    if (other === 'damaged' || (other !== 'absent' && !isAlive(other))) rmSync(guard, { force: true });
    return;
  }
  try {
    const holder = readLock(path);
    if (holder === 'absent' || (holder !== 'damaged' && isAlive(holder))) return;
    onStale(holder === 'damaged' ? null : holder);
    rmSync(path, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

/**
 * Takes a lock file, waiting for a live holder.
 *
 * @param limitMs how long to wait; holders of these locks need milliseconds
 * @throws DriftlineError `fs`/`store-busy`
 */
export async function waitForLock(path: string, clock: Clock, limitMs = 10_000): Promise<HeldLock> {
  const end = clock.now() + limitMs;
  for (;;) {
    const attempt = tryLock(path);
    if (attempt.ok) return attempt.lock;
    if (clock.now() >= end) {
      throw fail(
        'fs',
        'store-busy',
        `Process ${attempt.holder.pid} on ${attempt.holder.host} keeps the store locked.`,
        {
          hint: `If that process is gone, delete ${path}.`,
          retryable: true,
        },
      );
    }
    await new Promise<void>((resolve) => clock.timer(5 + Math.random() * 20, resolve));
  }
}

/** Who holds a lock file. `damaged` cannot come from us: files appear whole. */
export function readLock(path: string): LockHolder | 'absent' | 'damaged' {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'absent';
    throw error;
  }
  try {
    return v.parse(LockHolderSchema, JSON.parse(text));
  } catch {
    return 'damaged';
  }
}

/**
 * Removes what a process killed between two calls left beside its locks. A file that another process is just writing
 * is not complete yet and is left alone.
 */
export function sweepLockLitter(folder: string): void {
  for (const name of readdirSync(folder)) {
    const match = /\.lock\.(?:stale|(\d+)-[0-9a-f-]{36})$/.exec(name);
    if (match === null) continue;
    const path = join(folder, name);
    const holder = readLock(path);
    if (holder === 'absent') continue;
    // A draft without content names its process all the same.
    const owner = holder === 'damaged' ? { pid: Number(match[1] ?? 0), start: '', host: ownIdentity.host } : holder;
    if (owner.pid > 0 && !isAlive(owner)) rmSync(path, { force: true });
  }
}

function held(path: string, token: string): HeldLock {
  let released = false;
  return {
    path,
    release() {
      if (released) return;
      released = true;
      const holder = readLock(path);
      if (typeof holder === 'object' && holder.token === token) unlinkSync(path);
    },
  };
}

/** Links `draft` to `path` unless that exists. File systems without links (FAT) get an exclusive copy instead. */
function place(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
  }
  try {
    writeFileSync(path, readFileSync(draft), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
