import { appendFileSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peers } from '../support/peers.ts';
import { CLI } from '../support/run.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';
import type { Command } from './measure.ts';

export const CIPHER = 'aes128-gcm@openssh.com';

/** Where a command's far end is. */
export type Route = 'direct' | 'slow';

/** One private sshd and the programs that talk to it. */
export interface Rig {
  /** Scratch folder, on tmpfs where there is one. Both "machines" keep their data in it. */
  folder: string;
  sshd: Sshd;
  /** `node dist/cli.js rsync …`; a remote path starts with `HOST:`, which is filled in. */
  driftline(args: readonly string[], route?: Route): Command;
  /** Stock rsync through ssh with the cipher Driftline uses, or with ssh's own choice. */
  rsync(args: readonly string[], cipher?: 'same' | 'default', route?: Route): Command;
  scp(args: readonly string[]): Command;
  /** Runs the batch lines. */
  sftp(batch: readonly string[]): Command;
  /** Makes the route `slow` lead to this port. */
  slowPort(port: number): void;
  stop(): Promise<void>;
}

/** A folder in memory where the system has one: disks would be what is measured otherwise. */
export function scratchParent(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
}

export async function startRig(): Promise<Rig> {
  const folder = mkdtempSync(join(scratchParent(), 'driftline-bench-'));
  const sshd = await startSshd({ passwordUser: false }).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  const home = join(folder, 'home');
  mkdirSync(join(home, '.ssh'), { recursive: true, mode: 0o700 });
  const config = join(home, '.ssh/config');
  const addHost = (name: string, port: number): void => {
    const lines = [
      `Host ${name}`,
      `HostName ${sshd.host}`,
      `Port ${port}`,
      `User ${sshd.user}`,
      `IdentityFile ${sshd.keyPath}`,
      'IdentitiesOnly yes',
    ];
    appendFileSync(config, `${lines.join('\n')}\n`);
  };
  writeFileSync(config, '', { mode: 0o600 });
  // Stock ssh is given sshd's own list of keys, Driftline reads the person's.
  const knownHosts = [sshd.knownHostsFile, join(home, '.ssh/known_hosts')];
  copyFileSync(knownHosts[0]!, knownHosts[1]!);
  addHost('direct', sshd.port);
  const ports: Record<Route, number> = { direct: sshd.port, slow: 0 };
  const env = { HOME: home, DRIFTLINE_HOME: join(folder, 'driftline'), SSH_AUTH_SOCK: '', RSYNC_RSH: '' };
  const withHost = (args: readonly string[], host: string): string[] =>
    args.map((arg) => arg.replace(/^HOST:/, `${host}:`));
  /** `-p PORT` is `-P PORT` to scp and sftp. */
  const sshOptions = (flag: '-p' | '-P', route: Route, cipher: 'same' | 'default'): string[] => [
    ...(cipher === 'same' ? ['-c', CIPHER] : []),
    ...sshd.sshArgs.map((arg, i, all) => (arg === '-p' ? flag : all[i - 1] === '-p' ? String(ports[route]) : arg)),
  ];
  return {
    folder,
    sshd,
    driftline: (args, route = 'direct') => ({
      program: process.execPath,
      args: [CLI, 'rsync', ...withHost(args, route)],
      env,
    }),
    rsync: (args, cipher = 'same', route = 'direct') => ({
      program: peers().rsync,
      args: ['-e', ['ssh', ...sshOptions('-p', route, cipher)].join(' '), ...withHost(args, sshd.host)],
      env,
    }),
    scp: (args) => ({
      program: 'scp',
      args: ['-q', ...sshOptions('-P', 'direct', 'same'), ...withHost(args, sshd.host)],
      env,
    }),
    sftp: (batch) => ({
      program: 'sftp',
      args: ['-q', '-b', '-', ...sshOptions('-P', 'direct', 'same'), sshd.host],
      env,
      input: `${batch.join('\n')}\n`,
    }),
    slowPort(port) {
      ports.slow = port;
      addHost('slow', port);
      for (const { line } of Object.values(sshd.hostKeys)) {
        for (const file of knownHosts) appendFileSync(file, `[${sshd.host}]:${port} ${line}\n`);
      }
    },
    async stop() {
      await sshd.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
