import { type Outcome, run, type RunOptions } from './run.ts';

/** What is typed once the terminal shows the text. */
export type Dialogue = [shows: string, types: string][];

/**
 * Runs a program on a terminal of its own (util-linux `script`) and answers what it asks there. `stdout` of the outcome
 * is everything the terminal showed.
 */
export function runOnTerminal(
  program: string,
  args: readonly string[],
  dialogue: Dialogue,
  options: RunOptions = {},
): Promise<Outcome> {
  const quoted = [program, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  return run('script', ['-qefc', quoted, '/dev/null'], {
    ...options,
    input: null,
    onStart: (child) => {
      let shown = '';
      let step = 0;
      child.stdout!.on('data', (part: Buffer) => {
        shown += part.toString('latin1');
        while (step < dialogue.length && shown.includes(dialogue[step]![0])) {
          shown = shown.slice(shown.indexOf(dialogue[step]![0]) + dialogue[step]![0].length);
          child.stdin!.write(dialogue[step]![1]);
          step++;
        }
      });
      child.on('exit', () => child.stdin!.end());
    },
  });
}
