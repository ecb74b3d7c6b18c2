import type { ByteString } from '../../../shared/model/path.ts';
import { fail } from '../../../shared/errors.ts';
import { replayRules, writeNamed } from '../../engine/batch/writer.ts';
import { shellQuote } from '../../engine/handshake/server-args.ts';
import { lexWords } from '../../engine/options/lex.ts';
import type { TransferOptions } from '../../engine/options/transfer-options.ts';

/** Options that choose what is sent: a batch holds just that. Rules are in the script itself. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  ...['filter', 'F', 'exclude', 'exclude-from', 'include', 'include-from'],
  ...['files-from', 'from0', 'remove-source-files', 'write-batch', 'only-write-batch'],
]);

/** What ends the rules; no rule begins so. */
const END = '#E#';

/**
 * Writes the script beside a batch file, which applies it with the same options to the folder it is given, or to one of
 * the same name (rsync(1), "BATCH MODE").
 * @param words as `driftline rsync` was given them
 * @throws usage for a rule of several lines, fs where the script cannot be written
 */
export function writeBatchScript(
  words: readonly ByteString[],
  options: TransferOptions,
  destination: ByteString,
): void {
  const { path } = options.batch!;
  const rules = replayRules(options);
  if (rules.some((rule) => rule.includes('\n'))) {
    throw fail('usage', 'bad-value', 'cannot write a filter rule containing a newline to the batch replay script');
  }
  const command = ['driftline', 'rsync', ...(rules.length > 0 ? ['--filter=._-'] : []), ...optionWords(words)];
  // What was listed by name went with its whole path.
  if (options.filesFrom !== null && options.relative) command.push('--relative');
  command.push(`--read-batch=${path}`);
  const script = [
    '#!/bin/sh',
    `dest=${shellQuote(destination)}`,
    `${command.map(shellQuote).join(' ')} -- "\${1:-$dest}"${rules.length > 0 ? ` <<'${END}'` : ''}`,
    ...(rules.length > 0 ? [...rules, END] : []),
    '',
  ].join('\n');
  writeNamed(`${path}.sh`, Buffer.from(script, 'latin1'), options, 0o700);
}

/** The options among the words, each in its long form. */
function optionWords(words: readonly ByteString[]): ByteString[] {
  const options: ByteString[] = [];
  for (const lexed of lexWords(words, false)) {
    if (lexed.kind !== 'option' || LEFT_OUT.has(lexed.row.long)) continue;
    const { long, arity } = lexed.row;
    if (lexed.negated) options.push(`--no-${long}`);
    else if (long.length === 1) options.push(`-${long}`);
    else options.push(arity === 'value' ? `--${long}=${lexed.value}` : `--${long}`);
  }
  return options;
}
