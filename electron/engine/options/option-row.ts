import type { ByteString } from '../../../shared/model/path.ts';
import { bytesToText, displayPath } from '../../../shared/model/path.ts';
import { fail } from '../../../shared/errors.ts';
import type { CompressionName } from '../compress/method.ts';
import type { FilterRule } from '../filter/rule.ts';
import { parseInteger, parseSize } from './size.ts';
import type { AltDestKind, DeleteMode, TransferOptions } from './transfer-options.ts';

/** What the rows write into while a command line is read; `settle` makes the options of it. */
export interface OptionState {
  readonly options: { -readonly [K in keyof TransferOptions]: TransferOptions[K] };
  readonly filters: FilterRule[];
  /** Delete timings named so far; more than one is an error. */
  readonly deleteTimings: Set<DeleteMode>;
  /** Folders of `--compare-dest` and its kin, in their order. */
  readonly altDest: { readonly kind: AltDestKind; readonly path: ByteString }[];
  /** Options that rsync takes only once, as far as they were given (`--usermap`, `--chown` for users …). */
  readonly given: Map<string, string>;
  /** Whether the words come from a client starting us as its server. */
  readonly server: boolean;
  /** `-r` as asked for; `archive` gives way to `--files-from`. */
  recursion: 'unset' | 'off' | 'on' | 'archive';
  /** `-d` as asked for. */
  dirs: 'unset' | 'off' | 'on' | 'old';
  /** `-R` as asked for; `--files-from` turns it on where it was left open. */
  relative: boolean | null;
  /** How often `-z` was given. */
  compressCount: number;
  /** What `--compress-choice` and its likes said last. */
  compressChoice: CompressionName | 'none' | null;
  /** How often `--old-args` was given, and `-s`; null = left to the environment. */
  oldArgs: number | null;
  secludedArgs: boolean | null;
  readonly remoteOptions: ByteString[];
  /** How often `-F` was given. */
  perDirFilters: number;
  /** Server: we are to send. */
  sender: boolean;
  /** Server: letters behind `-e` and its `.`, or null if no `-e` was sent. */
  capabilities: string | null;
  request: 'help' | 'version' | 'version-json' | 'info-help' | 'debug-help' | null;
  /** Reads the file of `--exclude-from`/`--include-from`; only a client has one. */
  readonly readRuleFile: ReadListFile;
}

/** Reads a file that an option names. @param how see `TransferOptions` */
export type ReadListFile = (
  path: ByteString,
  how: Pick<TransferOptions, 'insecureLinks' | 'confineRoot'>,
) => ByteString;

/** One option. The parser, `--help` and the refusals all come from these rows. */
export interface OptionRow {
  readonly long: string;
  readonly short?: string;
  readonly aliases?: readonly string[];
  /** `value` options take the rest of the word, or the next one. */
  readonly arity: 'flag' | 'value';
  /** Name of the value in the help text. */
  readonly metavar?: string;
  readonly help: string;
  /** False: an option rsync knows and this version refuses by name. */
  readonly implemented: boolean;
  /** Only a client may put this on a server's command line; not part of the help. */
  readonly serverOnly?: boolean;
  apply?(state: OptionState, value: ByteString): void;
  /** What `--no-LONG` does; absent where rsync has no such form. */
  negate?(state: OptionState): void;
}

/** Rows under one heading of the help text. */
export interface OptionGroup {
  readonly title: string;
  readonly rows: readonly OptionRow[];
}

type Toggle = { [K in keyof TransferOptions]: TransferOptions[K] extends boolean ? K : never }[keyof TransferOptions];
type Count = 'xattrs' | 'atimes' | 'oneFileSystem' | 'fuzzy';

interface Names {
  short?: string | undefined;
  aliases?: readonly string[];
}

/** The names of a row, the absent ones left out. */
function named({ short, aliases }: Names): Pick<OptionRow, 'short' | 'aliases'> {
  return { ...(short !== undefined && { short }), ...(aliases !== undefined && { aliases }) };
}

export function flag(
  long: string,
  names: Names,
  help: string,
  apply: (s: OptionState) => void,
  negate?: (s: OptionState) => void,
): OptionRow {
  return { long, ...named(names), arity: 'flag', help, implemented: true, apply, ...(negate && { negate }) };
}

/** A switch for one field; `negatable` if rsync has its `--no-` form. */
export function toggle(
  long: string,
  short: string | undefined,
  key: Toggle,
  help: string,
  negatable = true,
): OptionRow {
  const set = (to: boolean) => (state: OptionState) => {
    state.options[key] = to;
  };
  return flag(long, { short }, help, set(true), negatable ? set(false) : undefined);
}

/** A switch that says more when given twice. */
export function counted(long: string, short: string, key: Count, help: string): OptionRow {
  return flag(
    long,
    { short },
    help,
    ({ options }) => (options[key] = Math.min(options[key] + 1, 2)),
    ({ options }) => (options[key] = 0),
  );
}

export function value(
  long: string,
  names: Names & { metavar: string },
  help: string,
  apply: (state: OptionState, value: ByteString) => void,
  negate?: (state: OptionState) => void,
): OptionRow {
  const { metavar } = names;
  return { long, ...named(names), metavar, arity: 'value', help, implemented: true, apply, ...(negate && { negate }) };
}

/** An option of rsync that this version does not have; `off` where its `--no-` form asks for what we do anyway. */
export function refused(long: string, short: string | undefined, arity: 'flag' | 'value', off = false): OptionRow {
  return { long, ...named({ short }), arity, help: '', implemented: false, ...(off && { negate: () => undefined }) };
}

/** A word that only a client sends to its server. */
export function serverFlag(long: string, apply: (state: OptionState) => void): OptionRow {
  return { long, arity: 'flag', help: '', implemented: true, serverOnly: true, apply };
}

/** Bytes of an argument for an error message. */
export const shown = (text: ByteString): string => displayPath(bytesToText(text));

/** @throws usage `bad-value`, in rsync's words */
export function integer(name: string, text: ByteString, low: number, high: number): number {
  const number = parseInteger(text);
  if (number === null) throw fail('usage', 'bad-value', `--${name}=${shown(text)}: invalid numeric value`);
  if (number < low || number > high) {
    throw fail('usage', 'bad-value', `--${name}=${shown(text)}: number too large or too small`, {
      hint: `The value must be from ${low} to ${high}.`,
    });
  }
  return number;
}

interface SizeRange {
  /** Unit of a number without one. */
  readonly unit?: string;
  readonly min?: { readonly bytes: number; readonly text: string; readonly zeroIsUnlimited: boolean };
  readonly max?: { readonly bytes: number; readonly text: string };
  readonly hint?: string;
}

/**
 * A size in bytes.
 * @throws usage `bad-value`, in rsync's words
 */
export function size(name: string, text: ByteString, { unit, min, max, hint }: SizeRange = {}): number {
  const bytes = parseSize(text, unit);
  const wrong = (what: string) =>
    fail('usage', 'bad-value', `--${name}=${shown(text)} ${what}`, { ...(hint && { hint }) });
  if (bytes === null) throw wrong('is invalid');
  if (bytes < 0 || bytes > (max?.bytes ?? Number.MAX_SAFE_INTEGER)) {
    throw wrong(max === undefined ? 'is too large' : `is too large (max: ${max.text})`);
  }
  if (min !== undefined && bytes < min.bytes && !(bytes === 0 && min.zeroIsUnlimited)) {
    throw wrong(`is too small (min: ${min.text}${min.zeroIsUnlimited ? ' or 0 for unlimited' : ''})`);
  }
  return bytes;
}
