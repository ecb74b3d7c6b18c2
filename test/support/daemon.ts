import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peers } from './peers.ts';
import { freePort, listening } from './ports.ts';

export interface DaemonOptions {
  /** Lines above the modules. */
  globals?: readonly string[];
  /** Lines of each module; one without a `path` gets a folder of its name below `folder`. */
  modules: Record<string, readonly string[]>;
  /** `user:password` lines for `secrets file`, which every module may name as %SECRETS%. */
  secrets?: readonly string[];
  /** Message of the day. */
  motd?: string;
  /** Default 127.0.0.1. */
  address?: string;
  /** Default the installed rsync. */
  program?: string;
}

/** A private `rsync --daemon` on loopback. */
export interface Daemon {
  host: string;
  port: number;
  /** `rsync://ADDRESS:PORT`. */
  url: string;
  /** Holds one folder a module. */
  folder: string;
  config: string;
  log(): string;
  stop(): Promise<void>;
}

/** Starts a stock daemon that does not detach. Always `await stop()`. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const host = options.address ?? '127.0.0.1';
  const folder = mkdtempSync(join(tmpdir(), 'driftline-rsyncd-'));
  chmodSync(folder, 0o755);
  const secrets = join(folder, 'secrets');
  writeFileSync(secrets, `${(options.secrets ?? []).join('\n')}\n`, { mode: 0o600 });
  const motd = join(folder, 'motd');
  if (options.motd !== undefined) writeFileSync(motd, options.motd);
  const root = process.getuid?.() === 0;
  const lines = [
    ...['use chroot = no', `log file = ${join(folder, 'log')}`, 'reverse lookup = no', ...(options.globals ?? [])],
    ...(root ? ['uid = 0', 'gid = 0'] : []),
    ...(options.motd === undefined ? [] : [`motd file = ${motd}`]),
  ];
  for (const [name, more] of Object.entries(options.modules)) {
    lines.push(`[${name}]`, ...more.map((line) => line.replaceAll('%SECRETS%', secrets)));
    if (more.some((line) => line.startsWith('path'))) continue;
    mkdirSync(join(folder, name));
    lines.push(`path = ${join(folder, name)}`);
  }
  const config = join(folder, 'rsyncd.conf');
  writeFileSync(config, `${lines.join('\n')}\n`);

  let child: ChildProcess | null = null;
  let port = 0;
  for (let attempt = 0; child === null; attempt++) {
    port = await freePort();
    const words = ['--daemon', '--no-detach', `--address=${host}`, `--port=${port}`, `--config=${config}`];
    const started = spawn(options.program ?? peers().rsync, words, { stdio: 'ignore' });
    if (await listening(port, started, host)) child = started;
    // Somebody may have taken the port between the probe and the daemon's bind.
    else if (attempt >= 4) throw new Error(`rsync --daemon did not start: ${words.join(' ')}`);
  }
  const server = child;
  const kill = (): void => void server.kill('SIGKILL');
  process.once('exit', kill);
  return {
    host,
    port,
    url: `rsync://${host.includes(':') ? `[${host}]` : host}:${port}`,
    folder,
    config,
    log: () => readFileSync(join(folder, 'log'), 'latin1'),
    async stop() {
      process.off('exit', kill);
      if (server.exitCode === null && server.signalCode === null) {
        const ended = new Promise((resolve) => server.once('exit', resolve));
        server.kill('SIGTERM');
        await ended;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
