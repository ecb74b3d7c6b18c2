import { createRequire } from 'node:module';
import { fail } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';

/** What is used of the package; read when the first charset is opened, as few runs have one. */
interface Tables {
  encodingExists(charset: string): boolean;
  decode(bytes: Buffer, charset: string, options: { stripBOM: boolean }): string;
  encode(text: string, charset: string, options: { addBOM: boolean }): Buffer;
}

const shown = (name: string): string => displayPath(bytesToText(name));

/** Bytes that mean the same in every charset that file names can be in: a path's slashes are among them. */
const ASCII = Buffer.from(Array.from({ length: 127 }, (_, i) => i + 1));

/** The charset of one side's names. Between the sides they are UTF-8 (reference §6.17). */
export class Charset {
  readonly #name: string;
  readonly #tables: Tables | null;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  /** @throws usage `charset`, exit 4, for one that is not known, or in which a path would not be one */
  constructor(name: string) {
    this.#name = name;
    if (/^utf-?8$/i.test(name)) {
      this.#tables = null;
      return;
    }
    this.#tables = createRequire(import.meta.url)('iconv-lite') as Tables;
    if (!this.#tables.encodingExists(name) || this.#decoded(ASCII) !== ASCII.toString('latin1')) {
      throw fail('usage', 'charset', `--iconv: names cannot be converted from and to “${shown(name)}”`, {
        exitCode: 4,
        hint: 'Name a charset that contains ASCII, as UTF-8, ISO-8859-1 or Shift_JIS do.',
      });
    }
  }

  /** @returns UTF-8 of bytes in this charset, or null if they are none */
  toWire(bytes: ByteString): ByteString | null {
    const raw = Buffer.from(bytes, 'latin1');
    const text = this.#decoded(raw);
    return text === null ? null : Buffer.from(text, 'utf8').toString('latin1');
  }

  /** @returns UTF-8 from a peer in this charset, or null if it is none or has characters that the charset lacks */
  fromWire(bytes: ByteString): ByteString | null {
    const text = this.#fromUtf8(Buffer.from(bytes, 'latin1'));
    if (text === null || this.#tables === null) return text === null ? null : bytes;
    const local = this.#tables.encode(text, this.#name, { addBOM: false });
    return this.#decoded(local) === text ? local.toString('latin1') : null;
  }

  /** Converts where that is possible and leaves the rest as it is: for text that people read. */
  textToWire(text: ByteString): ByteString {
    return this.toWire(text) ?? text;
  }

  /** See `textToWire`. */
  textFromWire(text: ByteString): ByteString {
    return this.fromWire(text) ?? text;
  }

  #fromUtf8(bytes: Buffer): string | null {
    try {
      return this.#utf8.decode(bytes);
    } catch {
      return null;
    }
  }

  /** Bytes the tables have no character for come back as others. */
  #decoded(bytes: Buffer): string | null {
    if (this.#tables === null) return this.#fromUtf8(bytes);
    const text = this.#tables.decode(bytes, this.#name, { stripBOM: false });
    return this.#tables.encode(text, this.#name, { addBOM: false }).equals(bytes) ? text : null;
  }
}

/**
 * The charset that `--iconv=LOCAL[,REMOTE]` names for this side.
 * @param isServer a server takes what stands behind a comma, as in rsync
 * @param env the locale, which `.` and nothing stand for
 * @throws usage `charset`, exit 4
 */
export function charsetOf(
  value: string,
  isServer: boolean,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Charset {
  const comma = value.indexOf(',');
  const name = comma < 0 ? value : isServer ? value.slice(comma + 1) : value.slice(0, comma);
  return new Charset(name === '' || name === '.' ? localeCharset(env) : name);
}

/** The charset that setlocale(3) finds in the environment, where the variable says it. */
function localeCharset(env: Readonly<Record<string, string | undefined>>): string {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
  const named = /\.([^@]+)/.exec(locale)?.[1];
  if (named !== undefined) return named;
  if (process.platform === 'win32') return 'UTF-8';
  if (locale === '' || locale === 'C' || locale === 'POSIX') return 'ASCII';
  throw fail('usage', 'charset', `--iconv: which charset the locale “${shown(locale)}” has is not known`, {
    exitCode: 4,
    hint: 'Name it, for example --iconv=ISO-8859-1 or --iconv=UTF-8,ISO-8859-1.',
  });
}
