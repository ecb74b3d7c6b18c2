import type { GuardFinding } from './model/guard.ts';
import type { PathText } from './model/path.ts';

/** What ended a run or refused a request. Per-item trouble is an `Issue`, not an error. */
export type ErrorKind =
  | 'usage' // the request itself is wrong: bad option, unknown profile
  | 'guard' // refused before starting, to protect data
  | 'connect' // no connection: DNS, refused, timeout
  | 'host-key' // unknown or changed server identity
  | 'auth' // the server did not accept us
  | 'remote' // the remote program failed or is missing
  | 'protocol' // the peer sent something the protocol does not allow
  | 'fs' // a local file-system call failed
  | 'integrity' // data failed verification
  | 'partial' // finished, but some items were not transferred
  | 'cancelled'
  | 'internal'; // our own fault

/** An error as data: it crosses threads, IPC and JSON unchanged. */
export interface ErrorData {
  kind: ErrorKind;
  /** Stable, kebab-case, unique within the kind, e.g. `refused`, `host-key-changed`. Keys the presentation table. */
  code: string;
  /** One sentence: what happened, to what. No control characters; peer text already escaped. */
  message: string;
  /** What the person can do next. */
  hint?: string;
  path?: PathText;
  /** rsync's exit code for this failure (protocol reference §8.8). */
  exitCode: number;
  /** Whether trying again unchanged can help. */
  retryable: boolean;
  /** Facts for the presentation (fingerprints, counts, host); plain JSON values only, never a secret. */
  details?: Record<string, string | number | boolean | string[]>;
  /** What the guard has against it, for kind `guard`: all confirmable, or none. */
  findings?: GuardFinding[];
}

const EXIT_CODE: Record<ErrorKind, number> = {
  usage: 1,
  guard: 4,
  connect: 10,
  'host-key': 255,
  auth: 255,
  remote: 12,
  protocol: 12,
  fs: 11,
  integrity: 23,
  partial: 23,
  cancelled: 20,
  internal: 13,
};

export class DriftlineError extends Error {
  readonly data: ErrorData;

  constructor(data: ErrorData, options?: ErrorOptions) {
    super(data.message, options);
    this.name = 'DriftlineError';
    this.data = data;
  }
}

/** Builds an error; exit code and retryability default by kind. */
export function fail(
  kind: ErrorKind,
  code: string,
  message: string,
  more: Partial<Omit<ErrorData, 'kind' | 'code' | 'message'>> & { cause?: unknown } = {},
): DriftlineError {
  const { cause, ...rest } = more;
  return new DriftlineError(
    { kind, code, message, exitCode: EXIT_CODE[kind], retryable: kind === 'connect', ...rest },
    cause === undefined ? undefined : { cause },
  );
}

/** Wraps anything thrown into error data; foreign errors become `internal` unless an adapter wrapped them before. */
export function toErrorData(error: unknown): ErrorData {
  if (error instanceof DriftlineError) return error.data;
  const message = error instanceof Error ? error.message : String(error);
  return fail('internal', 'unexpected', `Unexpected failure: ${message}`, {
    hint: 'This is a fault in Driftline. Please report it with the steps that led here.',
  }).data;
}

export type Result<T> = { ok: true; value: T } | { ok: false; error: ErrorData };
