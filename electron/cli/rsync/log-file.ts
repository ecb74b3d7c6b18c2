import { closeSync, constants, writeSync } from 'node:fs';
import type { ByteString } from '../../../shared/model/path.ts';
import { openNamed, type Trust } from '../../engine/fs/named-path.ts';
import { timeText } from './listing.ts';

const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;

/** Bytes gathered before they are written. */
const GATHER = 32 * 1024;

/** The file of `--log-file`: lines with the time and our process id before them. */
export class LogFile {
  readonly #fd: number;
  readonly #now: () => number;
  #pending = '';
  #scheduled = false;
  #closed = false;

  /** @throws a system error if the file cannot be opened */
  constructor(path: ByteString, trust: Trust, now: () => number = Date.now) {
    this.#fd = openNamed(path, APPEND, trust, 0o644);
    this.#now = now;
  }

  /** @param text a line, already escaped */
  line(text: ByteString): void {
    this.#pending += `${timeText(this.#now() / 1000)} [${process.pid}] ${text}\n`;
    if (this.#pending.length >= GATHER) this.#write();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#write();
      });
    }
  }

  close(): void {
    this.#write();
    closeSync(this.#fd);
    this.#closed = true;
  }

  #write(): void {
    if (this.#closed) return;
    const bytes = Buffer.from(this.#pending, 'latin1');
    this.#pending = '';
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at);
    } catch {
      // A full disk must not end the transfer; what was logged stays.
    }
  }
}
