#!/usr/bin/env node
import { runDemo } from './demo/run-demo.ts';

/** `npm run demo`. Takes no arguments. */
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const) {
  process.once(signal, () => process.exit(128 + number));
}
process.exitCode = await runDemo({ out: (line) => void process.stdout.write(`${line}\n`) });
