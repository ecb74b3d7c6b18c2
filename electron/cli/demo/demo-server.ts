import { execFileSync, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { type ByteString, bytesToText, textToBytes } from '../../../shared/model/path.ts';
import { startEmbeddedServer } from '../../engine/embedded-server.ts';
import type { serve } from '../../engine/serve.ts';
import type { ServerSide } from '../../engine/transport/server-side.ts';
import type { SshServer } from '../../engine/transport/ssh-server.ts';
import { VERSION } from '../version.ts';

export type ServeRsync = typeof serve;

export interface DemoServerOptions {
  /** Plays `rsync --server`: the engine's own `serve`, or a test's wrapper round it. */
  serve: ServeRsync;
  /** Another program that may be started under its absolute path, or null. */
  stockRsync: string | null;
  /** Journals of temporary files. */
  journalDir: ByteString;
}

/** The embedded server with two programs behind it: `rsync` is this engine, and the stock program's path is itself. */
export function startDemoServer({ serve, stockRsync, journalDir }: DemoServerOptions): Promise<SshServer> {
  return startEmbeddedServer({
    version: VERSION,
    root: null,
    journalDir,
    serve,
    other(program, words, side) {
      if (words[0] !== '--server' || stockRsync === null || program !== textToBytes(stockRsync)) return false;
      runProgram(stockRsync, words, side);
      return true;
    },
  });
}

/** Joins a program's standard streams to a served request. No shell; the words are ones the demo itself made. */
function runProgram(program: string, words: readonly ByteString[], side: ServerSide): void {
  const child = spawn(program, words.map(bytesToText), { stdio: 'pipe', shell: false });
  child.on('error', () => side.exit(127));
  child.stdin.on('error', () => {}); // it ended before it read everything: its exit code says so
  side.stream.pipe(child.stdin);
  side.stream.on('close', () => child.stdin.destroy());
  child.stdout.pipe(side.stream, { end: false });
  child.stderr.on('data', (chunk: Buffer) => side.stderr?.write(chunk));
  child.on('close', (code) => side.exit(code ?? 1));
}

export interface StockRsync {
  path: string;
  /** E.g. `rsync 3.4.1`. */
  version: string;
}

/** The first `rsync` on PATH, if it is one that speaks a protocol of ours (30 and later). */
export function findStockRsync(path: string | undefined): StockRsync | null {
  for (const folder of (path ?? '').split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    const program = join(folder, process.platform === 'win32' ? 'rsync.exe' : 'rsync');
    try {
      accessSync(program, constants.X_OK);
      const line = execFileSync(program, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      const match = /^rsync\s+version\s+v?(\S+)\s+protocol version (\d+)/.exec(line);
      return match !== null && Number(match[2]) >= 30 ? { path: program, version: `rsync ${match[1]}` } : null;
    } catch {
      continue;
    }
  }
  return null;
}
