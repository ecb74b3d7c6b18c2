import type { ByteString } from '../../../shared/model/path.ts';
import type { ProgressEvent, TransferredEvent } from '../../engine/events.ts';
import { humanNumber } from './numbers.ts';

/** Time the shown rate is taken over, in milliseconds. */
const WINDOW_MS = 5000;
/** How often a line is renewed, in milliseconds. */
const RENEW_MS = 1000;
/** What a sending rsync has read of a file when it first shows it. */
const FIRST_READ = 32768;

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

interface ProgressSettings {
  /** Of human-readable numbers. */
  level: number;
  /** Whether the whole transfer is shown (`--info=progress2`) instead of each file. */
  total: boolean;
  /** Whether the data comes from the other side. */
  receiving: boolean;
  /** Clock in milliseconds. */
  now: () => number;
  /** Prints text without a line end. */
  write: (text: string) => void;
}

/** The lines of `--progress`, one for each file, or one for the whole transfer. */
export class ProgressLine {
  readonly #settings: ProgressSettings;
  #name: ByteString | null = null;
  #size = 0;
  /** Of the current file, or of the whole transfer. */
  #started: number;
  #renewed = 0;
  #marks: { at: number; bytes: number }[] = [];
  /** Files done, and their sizes. */
  #transferred = 0;
  #transferredSize = 0;
  #totalSize = 0;
  /** Characters of the last line with counts. */
  #length = 0;
  /** Whether the cursor stands behind a line without an end. */
  #open = false;

  constructor(settings: ProgressSettings) {
    this.#settings = settings;
    this.#started = settings.now();
  }

  /** A file's data begins. */
  begin(name: ByteString, size: number): void {
    const { total, receiving, now } = this.#settings;
    const at = now();
    this.#name = name;
    this.#size = size;
    this.#renewed = at;
    if (!total) {
      this.#started = at;
      this.#marks = [{ at, bytes: 0 }];
    }
    if (size > 0 && !(total && this.#transferred > 0)) this.#show(receiving ? 0 : Math.min(FIRST_READ, size), at);
  }

  /** A dry run counts a file that would be transferred. */
  count(size: number): void {
    this.#transferred++;
    this.#transferredSize += size;
  }

  update(event: ProgressEvent): void {
    this.#totalSize = event.bytesTotal;
    if (this.#name === null || event.name !== this.#name) return;
    const now = this.#settings.now();
    if (now - this.#renewed < RENEW_MS) return;
    this.#renewed = now;
    this.#show(event.nameBytes, now);
  }

  /** A file's data is complete. */
  end(event: TransferredEvent): void {
    const { total } = this.#settings;
    this.#name = null;
    this.count(event.size);
    if (total) this.#totalSize = event.totalSize;
    const check = `${event.listComplete ? 'to' : 'ir'}-chk=${event.filesLeft}/${event.filesTotal}`;
    this.#last(total ? this.#transferredSize : event.size, total ? event.totalSize : event.size, check);
    if (!total) this.#endLine();
  }

  /**
   * The run is over.
   * @param files in the list, @param bytes all of them have; null if it did not get that far
   */
  finish(files: number | null, bytes: number): void {
    if (this.#settings.total && files !== null) {
      const check = `to-chk=0/${files}`;
      this.#last(this.#transferredSize, bytes, check);
    }
    this.interrupt();
  }

  /** Leaves the current line, so that other text does not run into it. */
  interrupt(): void {
    if (this.#open) this.#endLine();
  }

  #endLine(): void {
    this.#settings.write('\n');
    this.#open = false;
  }

  #show(bytes: number, now: number): void {
    const { total } = this.#settings;
    const done = total ? this.#transferredSize + bytes : bytes;
    const size = total ? this.#totalSize : this.#size;
    while (this.#marks.length > 1 && now - this.#marks[1]!.at >= WINDOW_MS) this.#marks.shift();
    const from = this.#marks[0] ?? { at: this.#started, bytes: 0 };
    const rate = now > from.at ? (done - from.bytes) / (now - from.at) : 0;
    this.#marks.push({ at: now, bytes: done });
    const left = rate > 0 ? Math.max(0, size - done) / rate / 1000 : 0;
    this.#settings.write(`${this.#figures(done, size, rate)} ${duration(left)}  `);
    this.#open = true;
  }

  #last(bytes: number, size: number, check: string): void {
    const { total, now } = this.#settings;
    const elapsed = now() - this.#started;
    const figures = this.#figures(bytes, size, elapsed > 0 ? bytes / elapsed : 0);
    const text = `${figures} ${duration(elapsed / 1000)} (xfr#${this.#transferred}, ${check})`;
    // What the line before had more than this one is written over.
    this.#settings.write(total ? text.padEnd(this.#length) : text);
    this.#length = text.length;
    this.#open = true;
  }

  #figures(bytes: number, size: number, rate: number): string {
    const percent = bytes === size ? 100 : size === 0 ? 0 : Math.floor((100 * bytes) / size);
    const amount = humanNumber(bytes, this.#settings.level).padStart(15);
    return `\r${amount} ${String(percent).padStart(3)}% ${rateText(rate)}`;
  }
}
