import { isDirectory, itemize } from '../../../shared/itemize.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import type { ItemEvent, TransferredEvent } from '../../engine/events.ts';
import { FORMAT_ESCAPE } from '../../engine/options/format-escapes.ts';
import type { TransferOptions } from '../../engine/options/transfer-options.ts';
import { permissionText, timeText } from './listing.ts';
import { humanNumber } from './numbers.ts';

/** What an escape of an output format may ask of one item. */
export interface ItemFacts {
  /** `send` or `recv`; what an item says of it is about arrows. */
  readonly operation: 'send' | 'recv';
  /** Null for a deletion, of which only the name is known. */
  readonly item: ItemEvent | null;
  readonly mode: number | null;
  /** With a slash behind folders. */
  readonly name: ByteString;
  /** Name of the source as given, with the folders above it; without a slash. */
  readonly longName: ByteString;
  /** Bytes of the connection that the content took. */
  readonly bytes: number;
  /** Bytes of block sums that came for it. */
  readonly sumBytes: number;
  /** Sum of the content in hexadecimal; '' where there was none. */
  readonly sum: string;
}

export interface FormatContext {
  readonly options: TransferOptions;
  /** Bytes of a whole-file sum. */
  readonly sumLength: () => number;
  readonly module: ByteString;
  /** Clock in milliseconds. */
  readonly now: () => number;
}

type Part = ByteString | { readonly letter: string; readonly width: number; readonly level: number };

/** Format of lines in a log file, unless told otherwise. */
export const LOG_FORMAT = '%i %n%L';
/** Bytes of a whole-file sum as long as none was seen: those of the sum both sides prefer. */
export const USUAL_SUM = 16;

const KNOWN = 'bBcCfGilLmMnoptU%';
/** A width beyond this is one that somebody mistyped. */
const MAX_WIDTH = 4096;

/** An output format (`--out-format`, `--log-file-format`), taken apart once. */
export class ItemFormat {
  readonly #parts: Part[] = [];
  readonly #letters = new Set<string>();
  readonly #context: FormatContext;

  constructor(format: ByteString, context: FormatContext) {
    this.#context = context;
    let from = 0;
    for (const match of format.matchAll(FORMAT_ESCAPE)) {
      const [whole, before, width, after, letter] = match as unknown as [string, string, string, string, string];
      if (!KNOWN.includes(letter)) continue;
      if (match.index > from) this.#parts.push(format.slice(from, match.index));
      from = match.index + whole.length;
      const size = Math.max(-MAX_WIDTH, Math.min(MAX_WIDTH, Number(width === '-' ? 0 : width)));
      this.#parts.push({ letter, width: size, level: before.length + after.length });
      this.#letters.add(letter);
    }
    if (from < format.length) this.#parts.push(format.slice(from));
  }

  has(...letters: string[]): boolean {
    return letters.some((letter) => this.#letters.has(letter));
  }

  /** The line for one item, not yet escaped for a terminal. */
  line(facts: ItemFacts): ByteString {
    let line = '';
    for (const part of this.#parts) {
      if (typeof part === 'string') line += part;
      else {
        const text = this.#value(part.letter, part.level, facts);
        line += part.width < 0 ? text.padEnd(-part.width) : text.padStart(part.width);
      }
    }
    return line;
  }

  #value(letter: string, level: number, facts: ItemFacts): ByteString {
    const { item } = facts;
    const { options } = this.#context;
    switch (letter) {
      case 'b':
        return humanNumber(facts.bytes, level);
      case 'B':
        return facts.mode === null ? '---------' : permissionText(facts.mode).slice(1);
      case 'c':
        return humanNumber(facts.sumBytes, level);
      case 'C':
        return facts.sum.padEnd(2 * this.#context.sumLength());
      case 'f':
        return facts.longName;
      case 'G':
        return options.group ? String(item?.gid ?? 0) : 'DEFAULT';
      case 'i':
        return item === null ? '*deleting  ' : itemize(item, options);
      case 'l':
        return humanNumber(item?.size ?? 0, level);
      case 'L':
        return item === null ? '' : linkText(item);
      case 'm':
        return this.#context.module;
      case 'M':
        return timeText(item?.mtime ?? 0).replace(' ', '-');
      case 'n':
        return facts.name;
      case 'o':
        return item === null ? 'del.' : facts.operation;
      case 'p':
        return String(process.pid);
      case 't':
        return timeText(this.#context.now() / 1000);
      case 'U':
        return String(item?.uid ?? 0);
      default:
        return '%';
    }
  }
}

export interface FactsContext {
  /** Whether this side has the data. */
  readonly sends: boolean;
  /** The folder of a single source, before names in their long form. */
  readonly folder: ByteString;
  /** Whether what counts is the sum in the list. */
  readonly checksum: boolean;
}

/** @param done what is known of its content, once it is there */
export function itemFacts(item: ItemEvent, done: TransferredEvent | null, context: FactsContext): ItemFacts {
  const { sends, folder, checksum } = context;
  return {
    item,
    mode: item.mode,
    operation: sends ? 'send' : 'recv',
    name: shownItemName(item.name, item.mode),
    longName: folder + item.name,
    bytes: done?.bytes ?? 0,
    sumBytes: sends ? (done?.sumBytes ?? 0) : 0,
    sum: (checksum && item.sum) || (done?.sum ?? ''),
  };
}

/** What is known of something deleted. */
export function deletionFacts(name: ByteString, longName: ByteString, mode: number | undefined): ItemFacts {
  return { operation: 'recv', item: null, mode: mode ?? null, name, longName, bytes: 0, sumBytes: 0, sum: '' };
}

/** Where a link leads: ` -> TARGET` for a symbolic one, ` => NAME` for a name of the same file. */
export function linkText({ link, linkedTo }: ItemEvent): ByteString {
  if (linkedTo !== null) return ` => ${linkedTo}`;
  return link === null ? '' : ` -> ${link}`;
}

/** A name as lists show it: folders with a slash. */
export const shownItemName = (name: ByteString, mode: number): ByteString => (isDirectory(mode) ? `${name}/` : name);
