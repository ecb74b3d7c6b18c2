import { fail } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import { readLevels } from './info-words.ts';
import { flag, type OptionGroup, type OptionState, shown, toggle, value } from './option-row.ts';

const words = (kind: 'info' | 'debug') => (state: OptionState, text: ByteString) => {
  const levels = readLevels(kind, text, state.options[kind]);
  if (levels === 'help') state.request ??= kind === 'info' ? 'info-help' : 'debug-help';
  else state.options[kind] = levels;
};

function stderrMode({ options }: OptionState, text: ByteString): void {
  const mode = (['errors', 'all', 'client'] as const).find((name) => text !== '' && name.startsWith(text));
  if (mode === undefined) {
    throw fail('usage', 'bad-value', `--stderr mode "${shown(text)}" is not one of errors, all, or client`);
  }
  options.stderr = mode;
}

function outbuf({ options }: OptionState, text: ByteString): void {
  const mode = (['none', 'line', 'block'] as const).find((name) => name[0] === text[0]?.toLowerCase());
  if (mode === undefined) throw fail('usage', 'bad-value', 'Invalid --outbuf setting -- specify N, L, or B.');
  options.outbuf = mode;
}

/** `--log-format` on a server's command line tells it which items to report, not how to print them (reference §1.4). */
function outFormat({ server, options }: OptionState, format: ByteString): void {
  options.outFormat = format;
  if (server) options.itemize = format.includes('%i') ? (format.includes('%I') ? 2 : 1) : 0;
}

/** Output (row E14 of the features). */
export const OUTPUT_OPTIONS: OptionGroup = {
  title: 'Output',
  rows: [
    flag(
      'verbose',
      { short: 'v' },
      'say more; repeat for more still',
      ({ options }) => options.verbose++,
      ({ options }) => (options.verbose = 0),
    ),
    value('info', { metavar: 'FLAGS' }, 'what to tell, word by word (--info=help)', words('info')),
    value('debug', { metavar: 'FLAGS' }, 'what to tell about the inner works (--debug=help)', words('debug')),
    toggle('quiet', 'q', 'quiet', 'print errors only', false),
    flag(
      'itemize-changes',
      { short: 'i' },
      'one line per change, saying what changes; twice: also unchanged items',
      ({ options }) => options.itemize++,
      ({ options }) => (options.itemize = 0),
    ),
    value('out-format', { aliases: ['log-format'], metavar: 'FORMAT' }, 'one line per change, in this form', outFormat),
    value('log-file', { metavar: 'FILE' }, 'also write what happens to this file', ({ options }, text) => {
      options.logFile = text === '' ? null : text;
    }),
    value('log-file-format', { metavar: 'FORMAT' }, 'form of its lines', ({ options }, text) => {
      options.logFileFormat = text;
    }),
    toggle('stats', undefined, 'stats', 'print totals at the end', false),
    toggle('progress', undefined, 'progress', 'show progress of each file'),
    flag('P', { short: 'P' }, 'same as --partial --progress', ({ options }) => {
      Object.assign(options, { partial: true, progress: true });
    }),
    flag(
      'human-readable',
      { short: 'h' },
      'numbers with units of 1000; twice: of 1024',
      ({ options }) => (options.humanReadable = Math.min(options.humanReadable + 1, 3)),
      ({ options }) => (options.humanReadable = 0),
    ),
    toggle('8-bit-output', '8', 'eightBit', 'print names with their high bytes as they are'),
    toggle('list-only', undefined, 'listOnly', 'list the source instead of copying it', false),
    value('stderr', { metavar: 'e|a|c' }, 'where messages go: errors, all, or the client', stderrMode),
    flag(
      'msgs2stderr',
      {},
      'same as --stderr=all',
      ({ options }) => (options.stderr = 'all'),
      ({ options }) => (options.stderr = 'client'),
    ),
    value('outbuf', { metavar: 'N|L|B' }, 'how output is buffered: not, by lines, by blocks', outbuf),
    flag('version', { short: 'V' }, 'print the version; twice: as JSON', (s) => {
      s.request = s.request === 'version' ? 'version-json' : 'version';
    }),
    flag('help', {}, 'print this help (also -h on its own)', (s) => (s.request ??= 'help')),
  ],
};
