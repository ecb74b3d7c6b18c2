/**
 * What a command is called, takes and means. From these, dispatch, `--help` and completion are derived; the parser of
 * `node:util` reads `type` and `multiple` and passes over the rest.
 */
export interface CommandSpec {
  /** One line for lists of commands. */
  readonly summary: string;
  /** Paragraphs of `--help`. */
  readonly about?: string;
  readonly args: readonly ArgumentSpec[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Command lines that work as they stand, names aside. */
  readonly examples: readonly string[];
  /** Exit codes that mean something else here than in general. */
  readonly exits?: Readonly<Record<number, string>>;
  /** Left out of the overview: another name, or not for people. */
  readonly hidden?: boolean;
}

/** What a word names, for completion. */
export type WordKind =
  | 'text'
  | 'file'
  | 'folder'
  /** A local folder, or `HOST:PATH`. */
  | 'place'
  | 'host'
  | 'profile'
  | 'command'
  | 'setting'
  /** What `driftline rsync` takes. */
  | 'rsync';

export interface ArgumentSpec {
  /** As in usage lines: `NAME`. */
  readonly word: string;
  readonly kind: WordKind;
  readonly choices?: readonly string[];
  /** As in messages: `The name of the profile`. */
  readonly what: string;
  readonly optional?: boolean;
  /** Takes all words that are left. */
  readonly rest?: boolean;
}

export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  /** The value's name in `--help`. */
  readonly word?: string;
  readonly kind?: WordKind;
  readonly choices?: readonly string[];
  readonly help: string;
}

export const HOST_NAME = { word: 'NAME', kind: 'host', what: 'The name of the host' } as const;
export const PROFILE_NAME = { word: 'NAME', kind: 'profile', what: 'The name of the profile' } as const;
