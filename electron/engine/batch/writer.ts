import fs from 'node:fs';
import type { ByteString } from '../../../shared/model/path.ts';
import { encodeRules } from '../filter/wire.ts';
import { fsError } from '../fs/fs-error.ts';
import { openNamed } from '../fs/named-path.ts';
import type { Agreement } from '../handshake/negotiate.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { PROTOCOL_MAX } from '../wire/constants.ts';
import { dialectOf } from '../wire/dialect.ts';
import { streamFlags } from './stream-flags.ts';

const { O_WRONLY, O_CREAT, O_TRUNC } = fs.constants;

/**
 * A batch file that is being written (reference §8.1): a header, then what the sender says from its list on, without
 * frames and messages. Writing is synchronous, so that what was sent is in the file.
 */
export class BatchWriter {
  readonly #fd: number;
  readonly #path: ByteString;

  /** Makes the file, or empties one that is there. @throws fs where it cannot be written */
  constructor(path: ByteString, options: TransferOptions) {
    this.#path = path;
    this.#fd = open(path, options, 0o600);
    this.#fields((w) => w.i32(streamFlags(options)));
  }

  /** What the two sides agreed on. @throws fs where it cannot be written */
  begin({ protocol, dialect, compat, seed }: Agreement): void {
    this.#fields((w) => {
      w.i32(protocol);
      if (dialect.compatFlags) w.varint(compat);
      w.i32(seed);
    });
  }

  /** Adds bytes of the stream. @throws fs where they cannot be written */
  readonly take = (bytes: Buffer): void => writeAll(this.#fd, bytes, this.#path);

  /**
   * The statistics a reader finds before the last word: where we are the sender, nobody sends them.
   * @param values bytes read, bytes written, total size, and the times of the list where the protocol has them
   */
  statistics(values: readonly number[], { dialect }: Pick<Agreement, 'dialect'>): void {
    this.#fields((w) => {
      w.fixed = !dialect.compactNumbers;
      for (const value of values) w.long(value, 3);
    });
  }

  close(): void {
    fs.closeSync(this.#fd);
  }

  #fields(write: (w: ByteWriter) => void): void {
    const w = new ByteWriter(this.take, () => 0);
    write(w);
    w.flush();
  }
}

/** The rules that still count where a batch is applied: those that protect at the destination; `-C` brings its own. */
export const replayRules = (options: TransferOptions): ByteString[] =>
  encodeRules({ ...options, cvsExclude: false }, false, dialectOf(PROTOCOL_MAX), () => '');

/** Writes a file that the user named, whole. @throws fs where it cannot be written */
export function writeNamed(path: ByteString, content: Buffer, options: TransferOptions, mode: number): void {
  const fd = open(path, options, mode);
  try {
    writeAll(fd, content, path);
  } finally {
    fs.closeSync(fd);
  }
}

function open(path: ByteString, options: TransferOptions, mode: number): number {
  try {
    return openNamed(path, O_WRONLY | O_CREAT | O_TRUNC, options, mode);
  } catch (error) {
    throw fsError(error, 'open the batch file', path);
  }
}

function writeAll(fd: number, bytes: Buffer, path: ByteString): void {
  try {
    for (let at = 0; at < bytes.length;) at += fs.writeSync(fd, bytes, at);
  } catch (error) {
    throw fsError(error, 'write the batch file', path);
  }
}
