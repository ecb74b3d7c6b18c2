import { OPTION_GROUPS, OPTION_TABLE } from './option-table.ts';
import type { OptionRow } from './option-row.ts';

const WIDTH = 100;

function names(row: OptionRow): string {
  if (row.long.length === 1) return `-${row.long}`;
  const long = [row.long, ...(row.aliases ?? [])].map((name) => `--${name}`).join(', ');
  const value = row.metavar === undefined ? '' : `=${row.metavar}`;
  return `${long}${value}${row.short === undefined ? '' : `, -${row.short}`}`;
}

/** Words in as few lines as fit. */
function filled(words: readonly string[]): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > WIDTH) lines.push(`  ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** The text of `driftline rsync --help`. */
export function optionsHelp(): string {
  const rows = OPTION_GROUPS.flatMap((group) => group.rows);
  const width = Math.max(...rows.map((row) => names(row).length).filter((length) => length < 40)) + 2;
  const described = (row: OptionRow) => {
    const left = names(row);
    return left.length > width - 2 ? [left, `${' '.repeat(width)}${row.help}`] : [left.padEnd(width) + row.help];
  };
  const negatable = rows.filter((row) => row.negate !== undefined).map((row) => row.long);
  const refused = OPTION_TABLE.filter((row) => !row.implemented);
  return [
    'Usage: driftline rsync [OPTION]... SRC [SRC]... DEST',
    '  or   driftline rsync [OPTION]... SRC [SRC]... [USER@]HOST:DEST',
    '  or   driftline rsync [OPTION]... SRC [SRC]... [USER@]HOST::DEST',
    '  or   driftline rsync [OPTION]... SRC [SRC]... rsync://[USER@]HOST[:PORT]/DEST',
    '  or   driftline rsync [OPTION]... [USER@]HOST:SRC [DEST]',
    '  or   driftline rsync [OPTION]... [USER@]HOST::SRC [DEST]',
    '  or   driftline rsync [OPTION]... rsync://[USER@]HOST[:PORT]/SRC [DEST]',
    'A name with a colon is reached by a remote shell, one with two colons or rsync:// is a module of an rsync daemon.',
    '',
    ...OPTION_GROUPS.flatMap(({ title, rows: own }) => [title, ...own.flatMap(described), '']),
    '--no-OPTION turns off:',
    ...filled(negatable),
    '',
    'Options of rsync that this version refuses:',
    ...filled(refused.map(names)),
    '',
  ].join('\n');
}
