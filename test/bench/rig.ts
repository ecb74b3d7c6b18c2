import {
  accessSync,
  appendFileSync,
  constants,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peers } from '../support/peers.ts';
import { CLI } from '../support/run.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';
import { type Link, startLink } from './link.ts';
import type { Command } from './measure.ts';

export const CIPHER = 'aes128-gcm@openssh.com';

/** The way to a command's far end: straight, with 100 ms a round trip, or through a proxy that looks at the clock. */
export type Route = 'direct' | 'slow' | 'watched';
const ONE_WAY_MS: Record<Exclude<Route, 'direct'>, number> = { slow: 50, watched: 0 };

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
  /** Opens a route before it is used first. */
  open(route: Exclude<Route, 'direct'>): Promise<Link>;
  /** Another folder that must not be left behind. Returns what removes it. */
  alsoRemove(folder: string): () => Promise<void>;
  stop(): Promise<void>;
}

/** A tmpfs smaller than this, as containers have by default, holds not one row. */
const LEAST_BYTES = 3 * 2 ** 30;

/** A folder in memory where the system has one: disks would be what is measured otherwise. */
export function scratchParent(): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    const { blocks, bsize } = statfsSync('/dev/shm');
    if (blocks * bsize >= LEAST_BYTES) return '/dev/shm';
  } catch {
    // there is none
  }
  return tmpdir();
}

const PREFIX = 'driftline-bench-';

/** Scratch folders that others left or are using: whoever was killed outright could not remove theirs. */
export function otherScratch(parent: string): string[] {
  return readdirSync(parent)
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => join(parent, name));
}

/** @param parent folder to work in */
export async function startRig(parent: string): Promise<Rig> {
  const folders = [mkdtempSync(join(parent, PREFIX))];
  const folder = folders[0]!;
  const remove = (): void => {
    for (const path of folders) rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once('exit', remove);
  const sshd = await startSshd({ passwordUser: false });
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
  const links = new Map<Route, Link>();
  const env = { HOME: home, DRIFTLINE_HOME: join(folder, 'driftline'), SSH_AUTH_SOCK: '', RSYNC_RSH: '' };
  const withHost = (args: readonly string[], host: string): string[] =>
    args.map((arg) => arg.replace(/^HOST:/, `${host}:`));
  const portOf = (route: Route): number => {
    const port = route === 'direct' ? sshd.port : links.get(route)?.port;
    if (port === undefined) throw new Error(`route ${route} is not open`);
    return port;
  };
  /** `-p PORT` is `-P PORT` to scp and sftp. */
  const sshOptions = (flag: '-p' | '-P', route: Route, cipher: 'same' | 'default'): string[] => [
    ...(cipher === 'same' ? ['-c', CIPHER] : []),
    ...sshd.sshArgs.map((arg, i, all) => (arg === '-p' ? flag : all[i - 1] === '-p' ? String(portOf(route)) : arg)),
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
    async open(route) {
      let link = links.get(route);
      if (link === undefined) {
        link = await startLink(sshd.port, ONE_WAY_MS[route]);
        links.set(route, link);
        addHost(route, link.port);
        for (const { line } of Object.values(sshd.hostKeys)) {
          for (const file of knownHosts) appendFileSync(file, `[${sshd.host}]:${link.port} ${line}\n`);
        }
      }
      return link;
    },
    alsoRemove(path) {
      folders.push(path);
      return async () => {
        await rm(path, { recursive: true, force: true, maxRetries: 5 });
        folders.splice(folders.indexOf(path), 1);
      };
    },
    async stop() {
      for (const link of links.values()) await link.close();
      await sshd.stop();
      remove();
      process.off('exit', remove);
    },
  };
}
