import { fileURLToPath } from 'node:url';
import type { CliValue } from '../../../shared/model/cli.ts';
import { startBrowserShell } from '../../browser/browser-shell.ts';
import { readWords, wholeNumber } from './arguments.ts';
import type { CommandContext } from './context.ts';
import { COMMANDS } from './table.ts';

/**
 * The window in a browser on this machine, until a signal ends it. The address is printed as soon as it answers.
 * @param started told the address, once
 */
export async function serveBrowser(
  words: readonly string[],
  { service, print, signal }: CommandContext,
  started: (value: CliValue<'serve'>) => void,
): Promise<void> {
  const { values } = readWords(words, COMMANDS.serve);
  const shell = await startBrowserShell({
    port: wholeNumber('port', values.port ?? '0', 0, 65535),
    // In dist/ the built window lies beside the file this module is part of.
    rendererDir: fileURLToPath(new URL('./renderer', import.meta.url)),
    link: service.link,
  });
  print(shell.url);
  started({ url: shell.url });
  if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  await shell.close();
}
