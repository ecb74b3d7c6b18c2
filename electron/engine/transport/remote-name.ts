import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fail } from '../../../shared/errors.ts';
import { displayPath, type PathText } from '../../../shared/model/path.ts';
import { ownUser } from '../own-user.ts';
import { userKnownHosts } from './known-hosts.ts';
import { readSshConfig, type SshConfigEntry } from './ssh-config.ts';
import { parseJump, type SshHop } from './ssh-jump.ts';
import { checkTarget, type SshAuth, type SshTarget } from './ssh-target.ts';

/** Private keys OpenSSH tries when none is configured (ssh_config(5) IdentityFile), those we can use. */
const DEFAULT_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'];
/** Hosts one connection may go through. */
const MAX_JUMPS = 8;

export interface RemoteName {
  /** The part before the colon, without `user@`. */
  name: string;
  /** From `user@`; overrides everything. */
  user: string | null;
  /** From an URL or `--port`; overrides everything. */
  port: number | null;
}

export interface ResolvedRemote extends SshHop {
  /** Hosts to go through, first to last. */
  jumps: readonly SshHop[];
  from: 'saved host' | 'ssh config' | 'host name';
}

export interface NameSources {
  /** A saved host with exactly this name. */
  saved(name: string): SshTarget | null;
  /** One configuration in place of `~/.ssh/config` and the system's. */
  sshConfig?: string;
  /** Where default keys are looked for; default `~/.ssh`. */
  keyFolder?: string;
}

/**
 * Finds the server a name stands for: exact saved host > alias of the SSH configuration > host name. Hosts that are not
 * saved log in as ssh would: agent, configured or default keys, password; so do the hosts on the way.
 *
 * @throws `usage` as `readSshConfig`, `parseJump` and `checkTarget`
 */
export function resolveRemoteName(remote: RemoteName, sources: NameSources): ResolvedRemote {
  const saved = sources.saved(remote.name);
  if (saved !== null) {
    const target = { ...saved, user: remote.user ?? saved.user, port: remote.port ?? saved.port };
    return { target, jumps: [], knownHosts: [userKnownHosts()], from: 'saved host' };
  }
  const config = readSshConfig(remote.name, sources.sshConfig);
  const target = configured(remote, config, sources);
  checkTarget(target);
  const jumps = jumpsOf(config, sources, remote.name, MAX_JUMPS);
  return { target, jumps, knownHosts: config.knownHosts, from: config.named ? 'ssh config' : 'host name' };
}

/** The first jump host may itself be behind others; the way to later ones is given. */
function jumpsOf(config: SshConfigEntry, sources: NameSources, name: string, left: number): SshHop[] {
  if (config.proxyJump.length > left)
    throw fail('usage', 'ssh-config-bad', `The SSH configuration reaches ${displayPath(name)} through too many hosts.`);
  return config.proxyJump.flatMap((item, index) => {
    const jump = parseJump(item);
    const own = readSshConfig(jump.name, sources.sshConfig);
    const target = configured(jump, own, sources);
    checkTarget(target);
    const before = index === 0 ? jumpsOf(own, sources, jump.name, left - config.proxyJump.length) : [];
    return [...before, { target, knownHosts: own.knownHosts }];
  });
}

function configured(remote: RemoteName, config: SshConfigEntry, sources: NameSources): SshTarget {
  const folder = sources.keyFolder ?? join(homedir(), '.ssh');
  const named = config.identityFiles.length > 0;
  const keys = named ? config.identityFiles : DEFAULT_KEYS.map((key) => join(folder, key) as PathText);
  const auth: SshAuth[] = [];
  if (config.identityAgent !== 'none') {
    const socket = config.identityAgent ?? process.env['SSH_AUTH_SOCK'] ?? '';
    if (socket !== '') auth.push({ kind: 'agent', socket, ...(config.identitiesOnly && { only: keys }) });
  }
  for (const path of keys) if (existsSync(path)) auth.push({ kind: 'key', path });
  auth.push({ kind: 'password' });
  return {
    host: config.hostName ?? remote.name,
    port: remote.port ?? config.port ?? 22,
    user: remote.user ?? config.user ?? ownUser().username,
    auth,
    ...(config.hostKeyAlias !== null && { hostKeyAlias: config.hostKeyAlias }),
    ...(config.family !== null && { family: config.family }),
  };
}
