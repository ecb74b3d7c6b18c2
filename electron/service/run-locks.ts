import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../../shared/errors.ts';
import { formatDateTime } from '../../shared/format.ts';
import { isAlive } from './store/process-identity.ts';
import { formatHolder, readLock, sweepLockLitter, tryLock } from './store/process-lock.ts';
import type { HeldLock, LockHolder } from './store/process-lock.ts';

/** What a profile's lock tells the next process about the run that held it. */
export interface RunNote {
  runId: string;
  profileId: string;
  profileName: string;
  startedAt: number;
}

/** A run that goes on in some process, and which. */
export interface RunHolder extends RunNote {
  pid: number;
  /** The machine, for a home folder that several share. */
  host: string;
}

export interface RunLocks {
  /**
   * Takes the profile and the destination, or neither.
   * @throws DriftlineError `usage`: `profile-busy`, `destination-busy`
   */
  take(note: RunNote, destinationKey: string): HeldLock[];
  /** Clears the locks of processes that ended; reports their runs to `onInterrupted`. */
  recover(): void;
  /** Runs that go on in any process that uses this home folder, this one too. */
  running(): RunHolder[];
}

/** @param onInterrupted told about each run whose process ended without saying so */
export function createRunLocks(folder: string, onInterrupted: (note: RunNote) => void): RunLocks {
  const stale = (holder: LockHolder | null): void => {
    const note = holder && noteOf(holder);
    if (note) onInterrupted(note);
  };

  return {
    take(note, destinationKey) {
      const profile = tryLock(join(folder, `profile-${note.profileId}.lock`), { ...note }, stale);
      if (!profile.ok) {
        throw fail(
          'usage',
          'profile-busy',
          `“${note.profileName}” is running already (${heldBy(profile.holder)}).`,
          BUSY,
        );
      }
      try {
        const name = createHash('sha256').update(destinationKey, 'latin1').digest('hex').slice(0, 32);
        const destination = tryLock(join(folder, `destination-${name}.lock`), { profileName: note.profileName });
        if (destination.ok) return [destination.lock, profile.lock];
        const other = String(destination.holder.about['profileName'] ?? 'another profile');
        throw fail(
          'usage',
          'destination-busy',
          `“${other}” is writing to the same destination (${heldBy(destination.holder)}).`,
          BUSY,
        );
      } catch (error) {
        profile.lock.release();
        throw error;
      }
    },

    recover() {
      for (const name of readdirSync(folder)) {
        if (!name.endsWith('.lock')) continue;
        const attempt = tryLock(join(folder, name), {}, stale);
        if (attempt.ok) attempt.lock.release();
      }
      sweepLockLitter(folder);
    },

    running() {
      return readdirSync(folder).flatMap((name) => {
        if (!/^profile-.*\.lock$/.test(name)) return [];
        const holder = readLock(join(folder, name));
        if (typeof holder !== 'object' || !isAlive(holder)) return [];
        const note = noteOf(holder);
        return note === null ? [] : [{ ...note, pid: holder.pid, host: holder.host }];
      });
    },
  };
}

/** Nothing was changed, and later it may go through: rsync's code for a request that is not carried out. */
const BUSY = { hint: 'Wait until that run has ended, or cancel it.', retryable: true, exitCode: 4 };

const heldBy = (holder: LockHolder): string => `${formatHolder(holder)}, since ${formatDateTime(holder.since)}`;

function noteOf({ about }: LockHolder): RunNote | null {
  const { runId, profileId, profileName, startedAt } = about;
  return typeof runId === 'string' &&
    typeof profileId === 'string' &&
    typeof profileName === 'string' &&
    typeof startedAt === 'number'
    ? { runId, profileId, profileName, startedAt }
    : null;
}
