import { toErrorData } from '../../../shared/errors.ts';
import { bytesToText, type ByteString, type PathText } from '../../../shared/model/path.ts';
import { DEFAULT_PROFILE_OPTIONS, excludeRule, type ProfileOptions } from '../../../shared/model/profile.ts';
import { wordsOf } from '../../../shared/option-words.ts';
import { type LexedWord, lexWords } from './lex.ts';
import { shown } from './option-row.ts';
import { parseClientWords } from './parse.ts';
import { checkProfileOptions, checkRule, refusalOf } from './profile-options.ts';
import { ARCHIVE } from './transfer-options.ts';

/** Part of a command that a profile does not take over, and why. */
export interface LeftOut {
  text: string;
  why: string;
}

/** The words of an rsync command as a profile has them. */
export interface CommandOptions {
  options: ProfileOptions;
  /** Sources and destination, as given. */
  args: PathText[];
  /** Of `-e` and `--rsync-path`, the last one each; they are the host's. */
  rsh: string | null;
  rsyncPath: string | null;
  leftOut: LeftOut[];
}

type Option = Extract<LexedWord, { kind: 'option' }>;

/** Parts of archive mode, and options that are one or more of them. */
const ARCHIVE_ROWS: ReadonlySet<string> = new Set([...Object.keys(ARCHIVE), 'archive', 'D']);

/**
 * Reads the words behind `rsync` without doing what they say: what a profile can have goes into its options, the rest
 * is told. Never throws for what they hold.
 */
export function readCommandOptions(words: readonly ByteString[]): CommandOptions {
  const read: CommandOptions = {
    ...{ args: [], rsh: null, rsyncPath: null, leftOut: [] },
    options: { ...DEFAULT_PROFILE_OPTIONS, filters: [], more: [], timeout: 0 },
  };
  const archive: ByteString[] = [];
  for (const lexed of lexWords(words, false)) {
    if (lexed.kind === 'argument') read.args.push(bytesToText(lexed.word));
    else if (lexed.kind === 'wrong')
      read.leftOut.push({ text: shown(lexed.word), why: toErrorData(lexed.error).message });
    else if (ARCHIVE_ROWS.has(lexed.row.long)) {
      archive.push(wordOf(lexed));
      if (wordsOf(wordOf(lexed)) !== null) read.options.more.push(wordOf(lexed));
    } else takeOption(read, lexed);
  }
  const { options } = parseClientWords(archive, () => '');
  if (!options.recursive)
    read.leftOut.push({ text: 'no -r or -a', why: 'a profile copies folders with everything in them' });
  for (const part of Object.keys(ARCHIVE) as (keyof typeof ARCHIVE)[]) {
    const { more } = read.options;
    const word = `--no-${part}`;
    if (part === 'recursive' || options[part]) read.options.more = more.filter((each) => each !== word);
    else if (!more.includes(word)) more.unshift(word);
  }
  keepWhatFits(read);
  return read;
}

const wordOf = ({ row, negated, value }: Option): ByteString =>
  `--${negated ? 'no-' : ''}${row.long}${row.arity === 'value' && !negated ? `=${value}` : ''}`;

function takeOption(read: CommandOptions, option: Option): void {
  const { options, leftOut } = read;
  const { row, negated } = option;
  const value = bytesToText(option.value);
  const on = !negated;
  switch (row.long) {
    case 'delete':
    case 'checksum':
    case 'update':
      options[row.long] = on;
      return;
    case 'numeric-ids':
      options.numericIds = on;
      return;
    case 'timeout':
      options.timeout = on && /^\d{1,5}$/.test(value) && Number(value) <= 86_400 ? Number(value) : 0;
      return;
    case 'rsh':
      read.rsh = value;
      return;
    case 'rsync-path':
      read.rsyncPath = value;
      return;
    case 'filter':
      return takeRule(read, value, option);
    case 'exclude':
      return takeRule(read, excludeRule(value), option);
    case 'include':
      return takeRule(read, /^!$|^[-+] /.test(value) ? value : `+ ${value}`, option);
    case 'P':
      options.more.push('--partial');
      leftOut.push({ text: '--progress (-P)', why: refusalOf('progress') ?? '' });
      return;
    case 'delete-before':
    case 'delete-during':
    case 'delete-delay':
    case 'delete-after':
      options.delete = true;
      break;
    case 'delete-excluded':
      options.delete = true;
  }
  const word = bytesToText(wordOf(option));
  if (wordsOf(word) !== null) options.more.push(word);
  // What turns an option off again takes back what turned it on.
  else if (negated) options.more = options.more.filter((each) => each.replace(/=.*/s, '') !== `--${row.long}`);
  else leftOut.push({ text: shown(wordOf(option)), why: refusalOf(row.long) ?? 'it means nothing to a profile' });
}

function takeRule({ options, leftOut }: CommandOptions, rule: string, option: Option): void {
  try {
    checkRule(rule);
    options.filters.push(rule);
  } catch (error) {
    leftOut.push({ text: shown(wordOf(option)), why: toErrorData(error).message });
  }
}

/** Words that each or together do not go: values that are none, options that exclude each other. */
function keepWhatFits({ options, leftOut }: CommandOptions): void {
  const kept: string[] = [];
  for (const word of options.more) {
    try {
      checkProfileOptions({ ...options, more: [...kept, word] });
      kept.push(word);
    } catch (error) {
      leftOut.push({ text: shown(word), why: toErrorData(error).message });
    }
  }
  options.more = kept;
}
