import { fail } from './errors.ts';

/**
 * Splits a remote-shell command as rsync(1) `--rsh` says: at spaces only; single or double quotes keep them, a doubled
 * quote inside quotes stands for itself, backslashes mean nothing.
 *
 * @throws `usage` (`bad-rsh`) for an open quote or an empty command
 */
export function splitRemoteShell(command: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (let i = 0; i < command.length; i++) {
    const char = command[i]!;
    if (quote === '' && char === ' ') {
      if (word !== null) words.push(word);
      word = null;
    } else if (quote === '' && (char === "'" || char === '"')) {
      quote = char;
      word ??= '';
    } else if (char === quote && command[i + 1] !== quote) {
      quote = '';
    } else {
      if (char === quote) i++;
      word = (word ?? '') + char;
    }
  }
  if (quote !== '') throw fail('usage', 'bad-rsh', `Missing trailing ${quote} in the remote-shell command.`);
  if (word !== null) words.push(word);
  if (words.length === 0) throw fail('usage', 'bad-rsh', 'The remote-shell command is empty.');
  return words;
}
