import { appendFileSync, chmodSync, closeSync, openSync, readSync, statSync } from 'node:fs';
import * as v from 'valibot';
import { RunSnapshot } from '../../shared/model/run.ts';
import { tryLock } from './store/process-lock.ts';
import { writeWhole } from './store/whole-file.ts';

/** Finished runs, newest last, in a file of JSON lines that several processes append to. */
export interface RunHistory {
  /** The newest ones; lines that cannot be read are passed over. */
  load(limit: number): RunSnapshot[];
  /** @throws the system's error */
  append(snapshot: RunSnapshot): void;
}

/** Above this the file is cut to its newest part. */
const MAX_BYTES = 16 * 1024 * 1024;
const KEEP_BYTES = MAX_BYTES / 2;
const KEEP_ISSUES = 1000;

export function openRunHistory(path: string): RunHistory {
  return {
    load(limit) {
      const runs: RunSnapshot[] = [];
      for (const line of readTail(path)
        .split('\n')
        .slice(-limit - 1)) {
        if (line === '') continue;
        try {
          runs.push(v.parse(RunSnapshot, JSON.parse(line)));
        } catch {
          // Half a line from a power cut, or one of a later version.
        }
      }
      return runs.slice(-limit);
    },

    append(snapshot) {
      const line = JSON.stringify({ ...snapshot, issues: snapshot.issues.slice(0, KEEP_ISSUES) });
      const size = sizeOf(path);
      // A line that a power cut left unfinished must not swallow this one.
      const broken = size > 0 && readTail(path, 1) !== '\n';
      appendFileSync(path, `${broken ? '\n' : ''}${line}\n`, { mode: 0o600 });
      if (size === 0 && process.platform !== 'win32') chmodSync(path, 0o600);
      if (size > MAX_BYTES) trim(path);
    },
  };
}

function trim(path: string): void {
  const attempt = tryLock(`${path}.lock`);
  if (!attempt.ok) return;
  try {
    if (sizeOf(path) > MAX_BYTES) writeWhole(path, readTail(path, KEEP_BYTES).replace(/^[^\n]*\n/, ''));
  } finally {
    attempt.lock.release();
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

function readTail(path: string, bytes = MAX_BYTES): string {
  const size = sizeOf(path);
  if (size === 0) return '';
  const buffer = Buffer.alloc(Math.min(size, bytes));
  const fd = openSync(path, 'r');
  try {
    return buffer.toString('utf8', 0, readSync(fd, buffer, 0, buffer.length, size - buffer.length));
  } finally {
    closeSync(fd);
  }
}
