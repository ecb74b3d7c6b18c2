import { filled } from '../text.ts';
import type { CommandSpec, OptionSpec } from './spec.ts';
import { type CommandName, COMMAND_NAMES, COMMANDS, GENERAL_OPTIONS, specOf } from './table.ts';

/** Help texts, at most 80 columns wide where words allow. All of it comes from the table of commands. */

const WIDTH = 80;
/** For the names of commands and what is understood everywhere. */
const NAMES = 24;

const EXIT_CODES: Readonly<Record<number, string>> = {
  0: 'success',
  1: 'wrong usage',
  4: 'stopped before anything was changed, to protect your files',
  10: 'no connection',
  11: 'a file could not be read or written',
  12: 'the other side broke off or sent something unexpected',
  20: 'interrupted',
  23: 'finished, but not everything was transferred',
  255: "the server's identity or the login failed",
};

const GROUPS: readonly (readonly [title: string, names: readonly string[]])[] = [
  ['Mirror', ['preview', 'run', 'list', 'status', 'history']],
  ['Set up', ['host', 'profile', 'settings']],
  ['Other', ['serve', 'demo', 'rsync', 'completion', 'help', 'version']],
];

/** What `driftline` alone says. */
export const OVERVIEW = `Driftline mirrors folders to and from servers by speaking the rsync protocol.

First steps:
  driftline host add nas --address nas.lan --user me
  driftline profile add photos --source ~/Photos/ --dest nas:photos
  driftline preview photos
  driftline run photos

Also:
  driftline status                        how all profiles are
  driftline rsync -av src/ server:dest/   rsync's own arguments and output
  driftline serve                         the window, in a browser
  driftline demo                          shows itself, without a server

“driftline help” lists all commands, “driftline help run” explains one.
`;

/** What `driftline help` says. */
export function generalHelp(): string {
  const lines = ['Usage: driftline COMMAND …', ''];
  for (const [title, names] of GROUPS) {
    lines.push(`${title}:`);
    for (const name of names) {
      const members = COMMAND_NAMES.filter((each) => each.startsWith(`${name} `));
      const rows: [string, string][] =
        members.length === 0
          ? [[name, specOf(name as CommandName).summary]]
          : members.map((member) => [member, specOf(member).summary]);
      lines.push(...rows.flatMap(([left, right]) => row(left, right, NAMES)));
    }
    lines.push('');
  }
  lines.push(
    'Everywhere:',
    ...row('--json', `${GENERAL_OPTIONS.json} (all but rsync)`, NAMES),
    ...row('--help, -h', `${GENERAL_OPTIONS.help}, with examples`, NAMES),
    '',
    ...exitCodes(EXIT_CODES),
    '',
    'Environment:',
    ...row('DRIFTLINE_HOME', 'the folder for hosts, profiles and settings', NAMES),
    ...row('NO_COLOR', 'no colours, even on a terminal', NAMES),
    '',
  );
  return lines.join('\n');
}

/** What `driftline help COMMAND` and `driftline COMMAND --help` say. */
export function commandHelp(name: CommandName): string {
  const { summary, about, args, options, examples, exits }: CommandSpec = COMMANDS[name];
  const words = args.map(({ word, optional, rest }) => {
    const shown = rest === true ? `${word} …` : word;
    return optional === true ? `[${shown}]` : shown;
  });
  const rows = Object.entries(options).map(([option, spec]) => [left(option, spec), spec.help] as const);
  const width = Math.min(24, Math.max(0, ...rows.map(([text]) => text.length)) + 2);
  const lines = [
    ['Usage: driftline', name, ...words, ...(rows.length > 0 ? ['[OPTION]…'] : [])].join(' '),
    '',
    `${summary[0]!.toUpperCase()}${summary.slice(1)}.`,
    ...(about === undefined ? [] : ['', ...about.split('\n').flatMap((line) => filled(line, WIDTH))]),
    ...(rows.length > 0 ? ['', ...rows.flatMap(([text, help]) => row(text, help, width))] : []),
    '',
    `Example${examples.length > 1 ? 's' : ''}:`,
    ...examples.map((example) => `  ${example}`),
    ...(exits === undefined ? [] : ['', ...exitCodes(exits)]),
    '',
  ];
  return lines.join('\n');
}

/** Help of all commands that begin with a word. */
export const groupHelp = (names: readonly CommandName[]): string =>
  [
    `Usage: driftline ${names[0]!.split(' ')[0]} COMMAND …`,
    '',
    ...names.flatMap((name) => row(name, specOf(name).summary, NAMES)),
    '',
    `“driftline help ${names[0]}” explains one of them.`,
    '',
  ].join('\n');

const left = (name: string, { short, word }: OptionSpec): string =>
  `${short === undefined ? '' : `-${short}, `}--${name}${word === undefined ? '' : ` ${word}`}`;

const exitCodes = (codes: Readonly<Record<number, string>>): string[] => [
  'Exit codes:',
  ...Object.entries(codes).flatMap(([code, meaning]) => row(code, meaning, 5)),
];

/** Two columns; the right one goes on below itself, and on the next line where the left one is too wide. */
function row(leftText: string, text: string, width: number): string[] {
  const lines = filled(text, WIDTH - 2 - width);
  const head = leftText.length + 2 > width ? [`  ${leftText}`] : [];
  const first = head.length > 0 ? ''.padEnd(width) : leftText.padEnd(width);
  return [...head, ...lines.map((line, i) => `  ${i === 0 ? first : ''.padEnd(width)}${line}`)];
}
