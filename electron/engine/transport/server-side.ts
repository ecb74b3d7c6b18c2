import type { Duplex, Writable } from 'node:stream';
import type { Handover } from './handover.ts';

/** What a program that serves one `rsync --server` request has in place of stdin, stdout, stderr and exit(). */
export interface ServerSide {
  /** Bytes from and to the client. Bytes written after the client has gone are dropped; its end shows on reading. */
  readonly stream: Duplex;
  /** Text for the client's message channel, or null where there is none. */
  readonly stderr: Writable | null;
  /** Where the client is this process too: hands files over. */
  readonly handover?: Handover;
  /** Ends the program: flushes the stream, then tells the client the code. Idempotent: the first code counts. */
  exit(code: number): void;
}
