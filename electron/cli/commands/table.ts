import type { CommandSpec } from './spec.ts';
import { HOST_COMMANDS } from './table-host.ts';
import { OTHER_COMMANDS } from './table-other.ts';
import { PROFILE_COMMANDS } from './table-profile.ts';
import { RUN_COMMANDS } from './table-run.ts';

/** Every command by its name, in the order in which they are listed. */
export const COMMANDS = { ...RUN_COMMANDS, ...PROFILE_COMMANDS, ...HOST_COMMANDS, ...OTHER_COMMANDS } as const;

export type CommandName = keyof typeof COMMANDS;
export const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[];

/** Understood everywhere, beside a command's own options. */
export const GENERAL_OPTIONS = { json: 'one JSON document instead of text', help: 'what the command takes' } as const;

export const specOf = (name: CommandName): CommandSpec => COMMANDS[name];

/**
 * The command that the first words name.
 * @returns its name and the words behind it, or the group that only the first word names, or null
 */
export function findCommand(
  words: readonly string[],
): { name: CommandName; rest: string[] } | { group: CommandName[] } | null {
  for (const length of [2, 1]) {
    const name = COMMAND_NAMES.find((each) => each === words.slice(0, length).join(' '));
    if (name !== undefined) return { name, rest: words.slice(length) };
  }
  const group = words.length === 0 ? [] : COMMAND_NAMES.filter((name) => name.startsWith(`${words[0]} `));
  return group.length > 0 ? { group } : null;
}

/** First words: commands of one word, and groups. */
export const FIRST_WORDS = [...new Set(COMMAND_NAMES.map((name) => name.split(' ')[0]!))];
