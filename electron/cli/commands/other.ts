import type { CliValue } from '../../../shared/model/cli.ts';
import { fail } from '../../../shared/errors.ts';
import { displayPath } from '../../../shared/model/path.ts';
import { VERSION } from '../version.ts';
import { readWords } from './arguments.ts';
import { COMPLETION_SCRIPTS } from './completion-scripts.ts';
import { COMMANDS } from './table.ts';
import { SHELLS } from './table-other.ts';

/** Commands that work without what is saved. `print` takes whole texts with their line ends. */
type Print = (text: string) => void;

export function showVersion(words: readonly string[], print: Print): CliValue<'version'> {
  readWords(words, COMMANDS.version);
  print(`driftline ${VERSION}\n`);
  return { version: VERSION, node: process.versions.node, platform: process.platform };
}

export function completionScript(words: readonly string[], print: Print): CliValue<'completion'> {
  const { positionals } = readWords(words, COMMANDS.completion);
  const shell = SHELLS.find((each) => each === positionals[0]);
  if (shell === undefined) {
    throw fail('usage', 'unknown-shell', `There is no completion for “${displayPath(positionals[0]!)}”.`, {
      hint: `There is one for ${SHELLS.join(', ')}.`,
    });
  }
  print(COMPLETION_SCRIPTS[shell]);
  return { script: COMPLETION_SCRIPTS[shell] };
}

/** The demo of `npm run demo`. */
export async function showDemo(words: readonly string[], print: Print): Promise<CliValue<'demo'>> {
  readWords(words, COMMANDS.demo);
  const { runDemo } = await import('../demo/run-demo.ts');
  const lines: string[] = [];
  const code = await runDemo({
    out: (line) => {
      lines.push(line);
      print(`${line}\n`);
    },
  });
  return { equal: code === 0, lines };
}
