import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { posix } from 'node:path';
import type { Host } from '../../../shared/model/host.ts';
import { textToBytes } from '../../../shared/model/path.ts';
import type { ByteString, PathText } from '../../../shared/model/path.ts';
import { ownUser } from '../../engine/own-user.ts';

/** What decides whether a host is this machine. */
export interface ThisMachine {
  names: ReadonlySet<string>;
  /** SHA256 fingerprints of the keys of this machine's own SSH server. */
  hostKeys: ReadonlySet<string>;
  /** Login name → home folder. */
  homes: ReadonlyMap<string, ByteString>;
  user: string;
}

export async function thisMachine(sshFolder = '/etc/ssh', passwd = '/etc/passwd'): Promise<ThisMachine> {
  const names = new Set(['localhost', '::1', hostname().toLowerCase()]);
  for (const each of Object.values(networkInterfaces()).flat()) if (each) names.add(each.address.toLowerCase());
  const { username, homedir } = ownUser();
  const homes = new Map([[username, homedir]]);
  for (const line of (await readFile(passwd, 'latin1').catch(() => '')).split('\n')) {
    const [name = '', , , , , home = ''] = line.split(':');
    if (home !== '') homes.set(name, home);
  }
  return { names, hostKeys: await ownHostKeys(sshFolder), homes, user: username };
}

/** `SHA256:…` of each public host key that lies there, in OpenSSH's form. */
async function ownHostKeys(folder: string): Promise<Set<string>> {
  const found = new Set<string>();
  for (const name of await readdir(folder).catch(() => [])) {
    if (!/^ssh_host_.*_key\.pub$/.test(name)) continue;
    const blob = (await readFile(posix.join(folder, name), 'latin1').catch(() => '')).split(' ')[1] ?? '';
    const digest = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64');
    found.add(`SHA256:${digest.replace(/=+$/, '')}`);
  }
  return found;
}

/** Where a path of a host lies here, if the host is this machine. */
export interface LocalView {
  path: ByteString;
  /** Its key is this machine's. Otherwise its address is, and the port may be a tunnel or a container. */
  certain: boolean;
}

/** @returns null when the host is another machine, or when it is not known where the path begins */
export function localViewOf(path: PathText, host: Host, machine: ThisMachine): LocalView | null {
  const address = host.address.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  const certain = host.hostKey !== null && machine.hostKeys.has(host.hostKey.fingerprint);
  const loopback = /^127\.\d+\.\d+\.\d+$/.test(address) || address.endsWith('.localhost');
  if (!certain && !loopback && !machine.names.has(address)) return null;
  const bytes = textToBytes(path);
  if (bytes.startsWith('/')) return { path: posix.normalize(bytes), certain };
  const named = /^~([^/]*)(?:\/(.*))?$/.exec(bytes);
  const home = machine.homes.get(named?.[1] || host.user || machine.user);
  return home === undefined ? null : { path: posix.join(home, named ? (named[2] ?? '') : bytes), certain };
}
