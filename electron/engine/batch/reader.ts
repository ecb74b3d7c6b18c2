import fs from 'node:fs';
import { Duplex } from 'node:stream';
import { type DriftlineError, fail } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';
import { fsError } from '../fs/fs-error.ts';
import { openNamed } from '../fs/named-path.ts';
import { hasXattrs } from '../fs/xattr.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import type { Transport } from '../transport/transport.ts';
import { STREAM_FLAGS } from './stream-flags.ts';

/** Bytes read at a time. */
const CHUNK = 65536;
const ICONV = 1 << 9;

/** A batch file that is being applied: its first two numbers, and the rest as a peer that says it all without listening. */
export interface BatchReader {
  readonly flags: number;
  readonly protocol: number;
  readonly transport: Transport;
}

/**
 * Opens the batch file that the options name; `-` is standard input.
 * @throws fs where it cannot be read or is no regular file, protocol `batch-short`
 */
export function openBatch(path: ByteString, options: TransferOptions): BatchReader {
  const fd = path === '-' ? 0 : openFile(path, options);
  const stream = new BatchStream(fd, path);
  try {
    const header = stream.first(8);
    let resolve: () => void = () => {};
    const exit = new Promise<{ code: number; signal: null }>((done) => {
      resolve = () => done({ code: 0, signal: null });
    });
    stream.once('close', resolve);
    const description = `batch file ${displayPath(bytesToText(path))}`;
    const transport = { stream, stderr: null, exit, description, close: () => void stream.destroy() };
    return { flags: header.readInt32LE(0), protocol: header.readInt32LE(4), transport };
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

/** @throws protocol: a batch file has no more, though its stream is not at its end */
export const batchShort = (path: ByteString): DriftlineError =>
  fail('protocol', 'batch-short', `The batch file ${displayPath(bytesToText(path))} ends in the middle`, {
    exitCode: 12,
    hint: 'The run that wrote it was stopped, or it was not copied whole. Write it anew.',
  });

/**
 * The options that the stream of a file was written with stand, whatever the command line says (reference §8.1).
 * @param say told of each that is changed, in rsync's words
 * @throws usage where the file needs what is not there
 */
export function optionsOf(
  { flags, protocol }: Pick<BatchReader, 'flags' | 'protocol'>,
  given: TransferOptions,
  say: (text: ByteString) => void,
): TransferOptions {
  // Nobody is there who could fall silent.
  let options: TransferOptions = { ...given, timeout: 0 };
  for (const [bit, { option, isOn, set, since }] of STREAM_FLAGS.entries()) {
    const on = (flags & (1 << bit)) !== 0;
    if (protocol < since || isOn(given) === on) continue;
    if (on && 1 << bit === ICONV)
      throw fail('usage', 'not-supported', 'Please specify the --iconv option to use this batch file.');
    say(`${on ? 'Sett' : 'Clear'}ing the ${option} option to match the batchfile.\n`);
    options = { ...options, ...set(on, options) };
  }
  if ((options.acls || options.xattrs > 0) && !hasXattrs()) {
    throw fail('usage', 'not-supported', 'The batch file holds attributes, which are not supported on this client', {
      hint: 'They need Linux and the optional package koffi.',
    });
  }
  return Object.freeze(options);
}

function openFile(path: ByteString, options: TransferOptions): number {
  let fd: number;
  try {
    fd = openNamed(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK, options);
  } catch (error) {
    throw fsError(error, 'open the batch file', path);
  }
  if (fs.fstatSync(fd).isFile()) return fd;
  fs.closeSync(fd);
  throw fail('fs', 'not-a-file', `Batch file ${displayPath(bytesToText(path))} is not a regular file`);
}

/** What it is told goes nowhere. */
class BatchStream extends Duplex {
  readonly #fd: number;
  readonly #path: ByteString;

  constructor(fd: number, path: ByteString) {
    super();
    this.#fd = fd;
    this.#path = path;
  }

  /** Exactly so many bytes, before anything else is read. @throws fs, protocol `batch-short` */
  first(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length;) {
      const count = this.#sync(bytes, at);
      if (count === 0) throw batchShort(this.#path);
      at += count;
    }
    return bytes;
  }

  #sync(bytes: Buffer, at: number): number {
    try {
      return fs.readSync(this.#fd, bytes, at, bytes.length - at, null);
    } catch (error) {
      throw fsError(error, 'read the batch file', this.#path);
    }
  }

  override _read(): void {
    fs.read(this.#fd, Buffer.allocUnsafe(CHUNK), 0, CHUNK, null, (error, count, bytes) => {
      if (error) this.destroy(fsError(error, 'read the batch file', this.#path));
      else this.push(count === 0 ? null : bytes.subarray(0, count));
    });
  }

  override _write(_chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.#fd === 0) return done(error);
    fs.close(this.#fd, () => done(error));
  }
}
