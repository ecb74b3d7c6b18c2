import type { ByteString } from '../../../shared/model/path.ts';
import type { ProgressEvent } from '../../engine/events.ts';
import { humanNumber } from './numbers.ts';

/** Seconds of transfer the shown rate is taken over. */
const WINDOW_MS = 5000;

function duration(seconds: number): string {
  const pad = (value: number): string => String(value).padStart(2, '0');
  const whole = Math.floor(seconds);
  return `${String(Math.floor(whole / 3600)).padStart(4)}:${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}`;
}

function rateText(bytesPerMs: number): string {
  let rate = (bytesPerMs * 1000) / 1024;
  let unit = 'kB/s';
  for (const next of ['MB/s', 'GB/s']) {
    if (rate <= 1024) break;
    rate /= 1024;
    unit = next;
  }
  return `${rate.toFixed(2).padStart(7)}${unit}`;
}

/** The lines of `--progress`, one file at a time. */
export class FileProgress {
  readonly #level: number;
  readonly #now: () => number;
  readonly #write: (text: string) => void;
  #name: ByteString | null = null;
  #size = 0;
  #started = 0;
  #marks: { at: number; bytes: number }[] = [];
  #transferred = 0;
  #filesDone = 0;
  #filesTotal = 0;
  #complete = false;

  /** @param level of human-readable numbers, @param now clock in ms, @param write prints text without a line end */
  constructor(level: number, now: () => number, write: (text: string) => void) {
    this.#level = level;
    this.#now = now;
    this.#write = write;
  }

  /** A file's data begins; the one before is finished. */
  begin(name: ByteString, size: number): void {
    this.finish();
    this.#name = name;
    this.#size = size;
    this.#started = this.#now();
    this.#marks = [{ at: this.#started, bytes: 0 }];
  }

  update(event: ProgressEvent): void {
    this.#filesDone = event.filesDone;
    this.#filesTotal = event.filesTotal;
    this.#complete = event.listComplete;
    if (this.#name === null || event.name !== this.#name) return;
    this.#size = event.nameSize;
    if (event.nameBytes >= event.nameSize) {
      this.finish();
      return;
    }
    const now = this.#now();
    while (this.#marks.length > 1 && now - this.#marks[1]!.at >= WINDOW_MS) this.#marks.shift();
    const from = this.#marks[0]!;
    const rate = now > from.at ? (event.nameBytes - from.bytes) / (now - from.at) : 0;
    this.#marks.push({ at: now, bytes: event.nameBytes });
    const left = rate > 0 ? duration((event.nameSize - event.nameBytes) / rate / 1000) : '  ??:??:??';
    this.#write(`${this.#figures(event.nameBytes, rate)} ${left}  `);
  }

  /** Ends the current file's line, if there is one, with its totals. */
  finish(): void {
    if (this.#name === null) return;
    this.#name = null;
    this.#transferred++;
    const elapsed = this.#now() - this.#started;
    const left = Math.max(0, this.#filesTotal - this.#filesDone);
    const check = `${this.#complete ? 'to' : 'ir'}-chk=${left}/${this.#filesTotal}`;
    const figures = this.#figures(this.#size, elapsed > 0 ? this.#size / elapsed : 0);
    this.#write(`${figures} ${duration(elapsed / 1000)} (xfr#${this.#transferred}, ${check})\n`);
  }

  /** Leaves the current line, so that a message does not run into it. */
  interrupt(): void {
    if (this.#name !== null && this.#marks.length > 1) this.#write('\n');
  }

  #figures(bytes: number, rate: number): string {
    const percent = bytes === this.#size ? 100 : Math.floor((100 * bytes) / this.#size);
    const amount = humanNumber(bytes, this.#level).padStart(15);
    return `\r${amount} ${String(percent).padStart(3)}% ${rateText(rate)}`;
  }
}
