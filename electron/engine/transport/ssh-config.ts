import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { fail } from '../../../shared/errors.ts';
import { displayPath, type PathText } from '../../../shared/model/path.ts';
import { matchPattern } from './known-hosts.ts';

/** What `~/.ssh/config` says about one name. */
export interface SshConfigEntry {
  /** Whether a `Host` line names it by more than `*`. */
  named: boolean;
  hostName: string | null;
  port: number | null;
  user: string | null;
  identityFiles: PathText[];
  /** Path of the agent's socket; `none` switches it off; null = the environment's. */
  identityAgent: string | null;
  /** Only the configured keys, not those of the agent. */
  identitiesOnly: boolean;
}

const MAX_FILE = 1 << 20;
const MAX_DEPTH = 16;

/**
 * Reads the few settings we use from an OpenSSH client configuration (ssh_config(5)): HostName, Port, User,
 * IdentityFile, IdentityAgent, IdentitiesOnly, Host and Include. Nothing in it is ever run; `Match` blocks other than
 * `Match all` are skipped.
 *
 * @throws `usage`: `ssh-config-proxy` where the host is reached through ProxyCommand or ProxyJump, `ssh-config-bad` for
 *   a port that is no number
 */
export function readSshConfig(name: string, file = join(homedir(), '.ssh', 'config')): SshConfigEntry {
  const reader = new Reader(name);
  reader.read(file, 0);
  return reader.result();
}

class Reader {
  readonly #name: string;
  readonly #values = new Map<string, string>();
  readonly #identities: string[] = [];
  #active = true;
  #named = false;

  constructor(name: string) {
    this.#name = name;
  }

  read(file: string, depth: number): void {
    if (depth > MAX_DEPTH) return;
    let text: string;
    try {
      if (statSync(file).size > MAX_FILE) return;
      text = readFileSync(file, 'utf8');
    } catch {
      return; // no configuration is a configuration
    }
    const outer = this.#active;
    for (const line of text.split(/\r?\n/)) this.#line(line, file, depth);
    this.#active = outer; // a Host line in an included file ends with it
  }

  #line(line: string, file: string, depth: number): void {
    // Keyword and arguments, separated by blanks or one "="; arguments may stand in double quotes.
    const match = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line);
    if (match === null) return;
    const keyword = match[1]!.toLowerCase();
    const args = [...match[2]!.matchAll(/"([^"]*)"|(\S+)/g)].map((arg) => arg[1] ?? arg[2]!);
    const first = args[0];
    if (first === undefined) return;
    if (keyword === 'host') this.#active = this.#matchesHost(args);
    else if (keyword === 'match') this.#active = args.length === 1 && first.toLowerCase() === 'all';
    else if (!this.#active) return;
    else if (keyword === 'include') for (const pattern of args) this.#include(pattern, file, depth);
    else if (keyword === 'identityfile') this.#identities.push(first);
    else if (!this.#values.has(keyword)) this.#values.set(keyword, keyword === 'proxycommand' ? args.join(' ') : first);
  }

  #matchesHost(patterns: string[]): boolean {
    const name = this.#name.toLowerCase();
    let found = false;
    let byName = false;
    for (const pattern of patterns.map((item) => item.toLowerCase())) {
      const negated = pattern.startsWith('!');
      if (!matchPattern(negated ? pattern.slice(1) : pattern, name)) continue;
      if (negated) return false;
      found = true;
      byName ||= pattern !== '*';
    }
    this.#named ||= byName;
    return found;
  }

  /** Relative patterns are taken from `~/.ssh`; wildcards are understood in the last component. */
  #include(pattern: string, file: string, depth: number): void {
    const home = pattern.startsWith('~/') ? join(homedir(), pattern.slice(2)) : pattern;
    const path = isAbsolute(home) ? home : join(dirname(file), home);
    const folder = dirname(path);
    if (!/[*?]/.test(basename(path))) this.read(path, depth + 1);
    else if (existsSync(folder))
      for (const entry of readdirSync(folder).sort())
        if (matchPattern(basename(path), entry)) this.read(join(folder, entry), depth + 1);
  }

  result(): SshConfigEntry {
    const shown = displayPath(this.#name);
    for (const keyword of ['proxycommand', 'proxyjump']) {
      const value = this.#values.get(keyword);
      if (value !== undefined && value.toLowerCase() !== 'none')
        throw fail(
          'usage',
          'ssh-config-proxy',
          `The SSH configuration reaches ${shown} through another program or host.`,
          {
            hint: `Connections through a proxy are not made by this program itself: use -e ssh, or save the host with a direct address.`,
          },
        );
    }
    const portText = this.#values.get('port');
    const port = portText === undefined ? null : Number(portText);
    if (port !== null && !(Number.isInteger(port) && port >= 1 && port <= 65535))
      throw fail('usage', 'ssh-config-bad', `The SSH configuration gives ${shown} a port that is not a number.`);
    const hostName =
      this.#values.get('hostname')?.replace(/%([h%])/g, (_, c) => (c === 'h' ? this.#name : '%')) ?? null;
    const user = this.#values.get('user') ?? null;
    const agent = this.#values.get('identityagent');
    const expand = (path: string): string => this.#expand(path, hostName ?? this.#name, user);
    return {
      named: this.#named,
      hostName,
      port,
      user,
      identityFiles: this.#identities
        .filter((path) => path.toLowerCase() !== 'none')
        .map((path) => expand(path) as PathText),
      identityAgent: agent === undefined || agent === 'SSH_AUTH_SOCK' ? null : expand(agent),
      identitiesOnly: this.#values.get('identitiesonly')?.toLowerCase() === 'yes',
    };
  }

  /** `~/` and the tokens %d %h %r %u %% (ssh_config(5) TOKENS). */
  #expand(path: string, host: string, remoteUser: string | null): string {
    const tokens: Record<string, string> = {
      d: homedir(),
      h: host,
      r: remoteUser ?? userInfo().username,
      u: userInfo().username,
      '%': '%',
    };
    const text = path.replace(/%([dhru%])/g, (_, token: string) => tokens[token]!);
    return text.startsWith('~/') ? join(homedir(), text.slice(2)) : text;
  }
}
