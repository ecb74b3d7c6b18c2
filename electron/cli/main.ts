#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { argvBytes } from './argv.ts';
import { runScript } from './one-script.ts';
import type * as Command from './rsync/command.ts';

/**
 * The command line. Everything is read where it is needed: `driftline rsync` must start as fast as a program that
 * other programs start a thousand times, and is one script of its own for that.
 */
async function main(): Promise<number> {
  const decoded = process.argv.slice(2);
  const [name] = decoded;
  if (name === 'rsync') {
    const file = fileURLToPath(new URL('./rsync.cjs', import.meta.url));
    const { runRsync } = runScript<typeof Command>(file).exports;
    return runRsync(argvBytes(decoded).slice(1));
  }
  const { runCommand } = await import('./commands/dispatch.ts');
  return runCommand(argvBytes(decoded));
}

process.exit(await main());
