import { existsSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { PathText } from '../../../shared/model/path.ts';
import { readSshConfig } from './ssh-config.ts';
import { checkTarget, type SshAuth, type SshTarget } from './ssh-target.ts';

/** Private keys OpenSSH tries when none is configured (ssh_config(5) IdentityFile), those we can use. */
const DEFAULT_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

export interface RemoteName {
  /** The part before the colon, without `user@`. */
  name: string;
  /** From `user@`; overrides everything. */
  user: string | null;
  /** From an URL or `--port`; overrides everything. */
  port: number | null;
}

export interface ResolvedRemote {
  target: SshTarget;
  from: 'saved host' | 'ssh config' | 'host name';
}

export interface NameSources {
  /** A saved host with exactly this name. */
  saved(name: string): SshTarget | null;
  /** Default `~/.ssh/config`. */
  sshConfig?: string;
  /** Where default keys are looked for; default `~/.ssh`. */
  keyFolder?: string;
}

/**
 * Finds the server a name stands for: exact saved host > `~/.ssh/config` alias > host name. Hosts that are not saved
 * log in as ssh would: agent, configured or default keys, password.
 *
 * @throws `usage` as `readSshConfig` and `checkTarget`
 */
export function resolveRemoteName(remote: RemoteName, sources: NameSources): ResolvedRemote {
  const saved = sources.saved(remote.name);
  const override = (target: SshTarget): SshTarget => ({
    ...target,
    user: remote.user ?? target.user,
    port: remote.port ?? target.port,
  });
  if (saved !== null) return { target: override(saved), from: 'saved host' };

  const config = readSshConfig(remote.name, sources.sshConfig);
  const auth: SshAuth[] = [];
  if (!config.identitiesOnly && config.identityAgent !== 'none') {
    const socket = config.identityAgent ?? process.env['SSH_AUTH_SOCK'] ?? '';
    if (socket !== '') auth.push({ kind: 'agent', socket });
  }
  const folder = sources.keyFolder ?? join(homedir(), '.ssh');
  const keys =
    config.identityFiles.length > 0 ? config.identityFiles : DEFAULT_KEYS.map((key) => join(folder, key) as PathText);
  for (const path of keys) if (existsSync(path)) auth.push({ kind: 'key', path });
  auth.push({ kind: 'password' });
  const target = override({
    host: config.hostName ?? remote.name,
    port: config.port ?? 22,
    user: config.user ?? userInfo().username,
    auth,
  });
  checkTarget(target);
  return { target, from: config.named ? 'ssh config' : 'host name' };
}
