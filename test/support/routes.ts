import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peers } from './peers.ts';
import { driftline, DRIFTLINE_RSYNC, type Outcome, run } from './run.ts';
import { type Sshd, startSshd } from './sshd.ts';

export type Direction = 'push' | 'pull' | 'local';
export type Release = '3.5' | '3.2.7';

/** One way from a source to a destination, by stock rsync or by us. */
export interface Transfer {
  direction: Direction;
  /** Options, without the remote shell. */
  args: readonly string[];
  /** Local paths; the far end's is made remote by the direction. */
  sources: readonly string[];
  destination: string;
  cwd?: string;
}

/** A home with a real sshd in it, and every way to start a transfer. */
export interface Bench {
  folder: string;
  sshd: Sshd;
  env: Record<string, string>;
  /** `rsync` to `rsync --server` of the given release, over a pipe. */
  stock(transfer: Transfer, server?: Release): Promise<Outcome>;
  /** `driftline rsync` to stock `rsync --server` of the given release, over the built-in ssh and a real sshd. */
  ours(transfer: Transfer, server?: Release): Promise<Outcome>;
  /** Stock `rsync` to `driftline rsync --server`, over OpenSSH and a real sshd. */
  stockToOurs(transfer: Transfer): Promise<Outcome>;
  stop(): Promise<void>;
}

export function stockRsync(release: Release): string {
  const { rsync, rsync327 } = peers();
  if (release === '3.5') return rsync;
  if (rsync327 === null) throw new Error('rsync 3.2.7 is not unpacked; `node build/setup.mjs test` does it on Debian.');
  return rsync327;
}

function words({ direction, args, sources, destination }: Transfer, host: string): string[] {
  const far = (path: string): string => `${host}:${path}`;
  return [
    ...args,
    ...(direction === 'pull' ? sources.map(far) : sources),
    direction === 'push' ? far(destination) : destination,
  ];
}

export async function startBench(): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'driftline-routes-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  // A test that timed out never gets to stop().
  process.once('exit', remove);
  const sshd = await startSshd({ passwordUser: false });
  const home = join(folder, 'home');
  mkdirSync(join(home, '.ssh'), { recursive: true, mode: 0o700 });
  writeFileSync(
    join(home, '.ssh/config'),
    [
      'Host peer',
      `  HostName ${sshd.host}`,
      `  Port ${sshd.port}`,
      `  User ${sshd.user}`,
      `  IdentityFile ${sshd.keyPath}`,
      '  IdentitiesOnly yes',
      `  UserKnownHostsFile ${sshd.knownHostsFile}`,
      '',
    ].join('\n'),
  );
  copyFileSync(sshd.knownHostsFile, join(home, '.ssh/known_hosts'));
  // A remote shell that stays here; as sshd does, it hands the joined words to a shell.
  const pipe = join(folder, 'pipe');
  writeFileSync(pipe, '#!/bin/sh\nshift\nexec sh -c "$*"\n');
  chmodSync(pipe, 0o755);
  const env = { HOME: home, DRIFTLINE_HOME: join(folder, 'driftline'), SSH_AUTH_SOCK: '', RSYNC_RSH: '' };
  const path = (release: Release): string[] => (release === '3.5' ? [] : [`--rsync-path=${stockRsync(release)}`]);
  return {
    folder,
    sshd,
    env,
    stock: (transfer, server = '3.5') => {
      const more = transfer.direction === 'local' ? [] : ['-e', pipe, ...path(server)];
      return run(stockRsync('3.5'), [...more, ...words(transfer, 'peer')], { cwd: transfer.cwd, env });
    },
    ours: (transfer, server = '3.5') => {
      const more = transfer.direction === 'local' ? [] : path(server);
      return driftline(['rsync', ...more, ...words(transfer, 'peer')], { cwd: transfer.cwd, env });
    },
    stockToOurs: (transfer) => {
      const rsh = ['ssh', ...sshd.sshArgs].join(' ');
      const more = ['-e', rsh, `--rsync-path=${DRIFTLINE_RSYNC}`];
      return run(stockRsync('3.5'), [...more, ...words(transfer, sshd.host)], { cwd: transfer.cwd, env });
    },
    async stop() {
      await sshd.stop();
      process.off('exit', remove);
      remove();
    },
  };
}
