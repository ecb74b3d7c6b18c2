import type { Duplex, Readable } from 'node:stream';
import type { Handover } from './handover.ts';

/** How the peer's program ended. `code` null with a `signal` is a failure; both null means the channel closed without a status. */
export interface PeerExit {
  code: number | null;
  signal: string | null;
}

/**
 * A byte pipe to one peer program (`rsync --server`), whatever carries it: an ssh channel, a child process or an
 * in-process pair. Implementations live beside this file; nothing else in the engine knows which one it has.
 */
export interface Transport {
  /**
   * The peer's standard input and output. Ends when the peer closes; errors are `DriftlineError`s. A written chunk
   * belongs to the transport: never write to its memory again (an in-process pair hands it to the reader as it is).
   * Bytes written after the peer has closed are dropped without an error: its end shows on reading.
   */
  readonly stream: Duplex;
  /** The peer's standard error, a message channel of the protocol (reference §4.3), or null. Must be drained. */
  readonly stderr: Readable | null;
  /** Resolves once the peer ended and its channel closed (ssh2's 'close', not 'exit'), or `close()` was called. Never rejects. */
  readonly exit: Promise<PeerExit>;
  /** Protocol version a daemon's greeting agreed on before the stream began; absent where both sides open with theirs. */
  readonly greeted?: number;
  /** Whether the memory of a chunk is free again once its write was called back: what is sent is a copy. */
  readonly copiesWrites?: boolean;
  /** Where both ends are this process and files of this machine: hands files over. */
  readonly handover?: Handover;
  /** For messages: `user@host`, `local`, or the command. */
  readonly description: string;
  /** Tears everything down at once; idempotent. */
  close(): void;
}
