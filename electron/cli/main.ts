#!/usr/bin/env node
import { argvBytes } from './argv.ts';

/**
 * The command line. Everything is imported where it is needed: `driftline rsync` must start as fast as a program that
 * other programs start a thousand times.
 */
async function main(): Promise<number> {
  const decoded = process.argv.slice(2);
  const [name] = decoded;
  if (name === 'rsync') {
    const { runRsync } = await import('./rsync/command.ts');
    return runRsync(argvBytes(decoded).slice(1));
  }
  const { runCommand } = await import('./commands/dispatch.ts');
  return runCommand(argvBytes(decoded));
}

process.exit(await main());
