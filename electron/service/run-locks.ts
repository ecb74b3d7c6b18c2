import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../../shared/errors.ts';
import { sweepLockLitter, tryLock } from './store/process-lock.ts';
import type { HeldLock, LockHolder } from './store/process-lock.ts';

/** What a profile's lock tells the next process about the run that held it. */
export interface RunNote {
  runId: string;
  profileId: string;
  profileName: string;
  startedAt: number;
}

export interface RunLocks {
  /**
   * Takes the profile and the destination, or neither.
   * @throws DriftlineError `usage`: `profile-busy`, `destination-busy`
   */
  take(note: RunNote, destinationKey: string): HeldLock[];
  /** Clears the locks of processes that ended; reports their runs to `onInterrupted`. */
  recover(): void;
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
          `“${note.profileName}” is running already (process ${profile.holder.pid}).`,
          {
            hint: 'Wait until that run has ended, or cancel it.',
            retryable: true,
          },
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
          `“${other}” is writing to the same destination (process ${destination.holder.pid}).`,
          {
            hint: 'Wait until that run has ended, or cancel it.',
            retryable: true,
          },
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
  };
}

function noteOf({ about }: LockHolder): RunNote | null {
  const { runId, profileId, profileName, startedAt } = about;
  return typeof runId === 'string' &&
    typeof profileId === 'string' &&
    typeof profileName === 'string' &&
    typeof startedAt === 'number'
    ? { runId, profileId, profileName, startedAt }
    : null;
}
