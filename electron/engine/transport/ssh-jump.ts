import { fail } from '../../../shared/errors.ts';
import { type JumpName, readJump } from '../../../shared/jump-host.ts';
import { displayPath } from '../../../shared/model/path.ts';
import type { KnownHostsSources } from './known-hosts.ts';
import { connectSsh, type SshConnection, type SshOptions } from './ssh.ts';
import { checkTarget, type SshPrompts, type SshTarget } from './ssh-target.ts';

/** A host on the way, with the files its key is looked up in. */
export interface SshHop {
  target: SshTarget;
  knownHosts: readonly string[];
  /** A key a person accepted for this very hop. */
  pinned?: KnownHostsSources['pinned'];
  /** Who answers this hop's questions; default: whoever answers the target's. */
  prompts?: SshPrompts;
}

/**
 * Connects through jump hosts (ssh(1) -J): each hop is an SSH connection of its own inside the one before, with its own
 * login, and its key is checked like any other. No credential of a later hop reaches an earlier one.
 *
 * @param hops first to last; none is a direct connection
 * @throws as `connectSsh`, and `connect`/`jump-refused`
 */
export async function connectThrough(
  hops: readonly SshHop[],
  target: SshTarget,
  options: SshOptions,
): Promise<SshConnection> {
  const opened: SshConnection[] = [];
  const closeAll = (): void => {
    for (const connection of opened.reverse()) connection.close();
  };
  try {
    let via: SshOptions['via'];
    for (const [index, hop] of hops.entries()) {
      const { pinned = null, prompts = options.prompts } = hop;
      const knownHosts: KnownHostsSources = { own: options.knownHosts.own, readOnly: hop.knownHosts, pinned };
      const connection = await connectSsh(hop.target, { ...options, knownHosts, prompts, ...(via && { via }) });
      opened.push(connection);
      const next = hops[index + 1]?.target ?? target;
      via = await connection.tunnel(next.host, next.port);
    }
    const last = await connectSsh(target, { ...options, ...(via && { via }) });
    if (opened.length > 0) void last.closed.then(closeAll);
    return last;
  } catch (error) {
    closeAll();
    throw error;
  }
}

/**
 * Reads one item of `ProxyJump`: `[user@]host[:port]`, or the same as an ssh:// address.
 * @throws `usage`/`ssh-config-bad`
 */
export function parseJump(text: string): JumpName {
  const jump = readJump(text);
  if (jump === null)
    throw fail('usage', 'ssh-config-bad', `The SSH configuration names a jump host that is none: ${displayPath(text)}`);
  checkTarget({ host: jump.name, port: jump.port ?? 22, user: jump.user ?? 'user', auth: [] });
  return jump;
}
