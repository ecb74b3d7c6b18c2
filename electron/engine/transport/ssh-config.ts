import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { fail } from '../../../shared/errors.ts';
import { displayPath, type PathText } from '../../../shared/model/path.ts';
import { ownUser } from '../own-user.ts';
import { matchPattern } from './known-hosts.ts';

/** What the OpenSSH configuration says about one name. */
export interface SshConfigEntry {
  /** Whether a `Host` line names it by more than `*`. */
  named: boolean;
  hostName: string | null;
  port: number | null;
  user: string | null;
  identityFiles: PathText[];
  /** Path of the agent's socket; `none` switches it off; null = the environment's. */
  identityAgent: string | null;
  /** Only the configured keys, not the others of the agent. */
  identitiesOnly: boolean;
  /** Hosts to go through, first to last, as `ProxyJump` names them. */
  proxyJump: string[];
  /** Files of trusted host keys, the system's behind the user's; those of OpenSSH where none are named. */
  knownHosts: string[];
  hostKeyAlias: string | null;
  family: 4 | 6 | null;
  /** What applies to this name and is not carried out here, in the configuration's words. */
  skipped: string[];
}

const MAX_FILE = 1 << 20;
/** Includes within includes (ssh_config(5)). */
export const MAX_CONFIG_DEPTH = 16;
const SYSTEM_FILE = '/etc/ssh/ssh_config';
const USER_KNOWN_HOSTS = ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'];
const SYSTEM_KNOWN_HOSTS = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'];

/**
 * Reads the settings we use from an OpenSSH client configuration (ssh_config(5)): HostName, Port, User, IdentityFile,
 * IdentityAgent, IdentitiesOnly, ProxyJump, UserKnownHostsFile, GlobalKnownHostsFile, HostKeyAlias, AddressFamily,
 * Host, Match and Include. Nothing in it is ever run: a `Match` block with other conditions than all, host,
 * originalhost, user and localuser is skipped.
 *
 * @param file one file to read in place of the user's and the system's
 * @throws `usage`: `ssh-config-proxy` where the host is reached through ProxyCommand, `ssh-config-bad` for a port that
 *   is no number
 */
export function readSshConfig(name: string, file?: string): SshConfigEntry {
  const reader = new Reader(name);
  for (const each of configFiles(file)) reader.read(each, 0);
  return reader.result();
}

/** The user's and the system's configuration, or the one file given. */
export function configFiles(file?: string): string[] {
  return file === undefined ? [join(homedir(), '.ssh', 'config'), SYSTEM_FILE] : [file];
}

const FAMILIES: Readonly<Record<string, 4 | 6>> = { inet: 4, inet6: 6 };

/** Patterns with commas between them, as in `Match`; a negated one that fits decides. */
function matchList(patterns: string, value: string): boolean {
  let found = false;
  for (const pattern of patterns.toLowerCase().split(',')) {
    const negated = pattern.startsWith('!');
    if (!matchPattern(negated ? pattern.slice(1) : pattern, value.toLowerCase())) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

/** Keywords whose arguments all count. */
const LISTS = new Set(['proxycommand', 'userknownhostsfile', 'globalknownhostsfile']);

/** Settings that change what a login does and that we do not carry out. */
const NOT_DONE: Readonly<Record<string, string>> = {
  localcommand: 'LocalCommand',
  remotecommand: 'RemoteCommand',
  knownhostscommand: 'KnownHostsCommand',
  certificatefile: 'CertificateFile',
  pkcs11provider: 'PKCS11Provider',
  securitykeyprovider: 'SecurityKeyProvider',
};

/** One line: keyword in lower case and arguments, or null. They are separated by blanks or one "="; quotes keep blanks. */
export function parseConfigLine(line: string): { keyword: string; args: string[] } | null {
  const match = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line);
  if (match === null) return null;
  const args = [...match[2]!.matchAll(/"([^"]*)"|(\S+)/g)].map((arg) => arg[1] ?? arg[2]!);
  return args.length === 0 ? null : { keyword: match[1]!.toLowerCase(), args };
}

/** A file's lines; none where it cannot be read: no configuration is a configuration. */
export function configLines(file: string): string[] {
  try {
    return statSync(file).size > MAX_FILE ? [] : readFileSync(file, 'utf8').split(/\r?\n/);
  } catch {
    return [];
  }
}

/** Files an `Include` names. Relative patterns are taken from the file's folder; wildcards in the last component. */
export function includedFiles(pattern: string, file: string): string[] {
  const home = pattern.startsWith('~/') ? join(homedir(), pattern.slice(2)) : pattern;
  const path = isAbsolute(home) ? home : join(dirname(file), home);
  if (!/[*?]/.test(basename(path))) return [path];
  const folder = dirname(path);
  if (!existsSync(folder)) return [];
  const found = readdirSync(folder).filter((entry) => matchPattern(basename(path), entry));
  return found.sort().map((entry) => join(folder, entry));
}

class Reader {
  readonly #name: string;
  readonly #values = new Map<string, string>();
  readonly #identities: string[] = [];
  readonly #skipped = new Set<string>();
  #active = true;
  #named = false;

  constructor(name: string) {
    this.#name = name;
  }

  read(file: string, depth: number): void {
    if (depth > MAX_CONFIG_DEPTH) return;
    const outer = this.#active;
    if (depth === 0) this.#active = true;
    for (const line of configLines(file)) this.#line(line, file, depth);
    this.#active = outer; // a Host line in an included file ends with it
  }

  #line(line: string, file: string, depth: number): void {
    const parsed = parseConfigLine(line);
    if (parsed === null) return;
    const { keyword, args } = parsed;
    const first = args[0]!;
    if (keyword === 'host') this.#active = this.#matchesHost(args);
    else if (keyword === 'match') this.#active = this.#matchesAll(args);
    else if (!this.#active) return;
    else if (keyword === 'include')
      for (const pattern of args) for (const path of includedFiles(pattern, file)) this.read(path, depth + 1);
    else if (keyword === 'identityfile') this.#identities.push(first);
    else if (NOT_DONE[keyword] !== undefined) this.#skipped.add(NOT_DONE[keyword]);
    else if (!this.#values.has(keyword)) this.#values.set(keyword, LISTS.has(keyword) ? args.join('\n') : first);
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

  /** The conditions of a `Match` line, all of which must hold. */
  #matchesAll(args: string[]): boolean {
    if (args[0]?.toLowerCase() === 'all') return args.length === 1;
    for (let i = 0; i < args.length; i += 2) {
      const condition = args[i]!.toLowerCase();
      const negated = condition.startsWith('!');
      const value = this.#valueFor(negated ? condition.slice(1) : condition);
      const patterns = args[i + 1];
      if (value === null || patterns === undefined || matchList(patterns, value) === negated) return false;
    }
    return args.length > 0;
  }

  /** What a condition of a `Match` line looks at; null for those that are never true here. */
  #valueFor(condition: string): string | null {
    if (condition === 'originalhost') return this.#name.toLowerCase();
    if (condition === 'host') return (this.#hostName() ?? this.#name).toLowerCase();
    if (condition === 'user') return this.#values.get('user') ?? ownUser().username;
    if (condition !== 'localuser') this.#skipped.add(`Match ${condition}`);
    return condition === 'localuser' ? ownUser().username : null;
  }

  #hostName(): string | null {
    return this.#values.get('hostname')?.replace(/%([h%])/g, (_, c) => (c === 'h' ? this.#name : '%')) ?? null;
  }

  result(): SshConfigEntry {
    const shown = displayPath(this.#name);
    // The first of the two counts (ssh_config(5) ProxyJump).
    const jump = this.#values.get('proxyjump');
    const command = this.#values.get('proxycommand');
    const jumpFirst = [...this.#values.keys()].find((key) => key.startsWith('proxy')) === 'proxyjump';
    if (command !== undefined && command.toLowerCase() !== 'none' && !jumpFirst)
      throw fail('usage', 'ssh-config-proxy', `The SSH configuration reaches ${shown} through another program.`, {
        hint: 'Programs of the configuration are never run by this one: use -e ssh, or ProxyJump in place of ProxyCommand.',
      });
    const portText = this.#values.get('port');
    const port = portText === undefined ? null : Number(portText);
    if (port !== null && !(Number.isInteger(port) && port >= 1 && port <= 65535))
      throw fail('usage', 'ssh-config-bad', `The SSH configuration gives ${shown} a port that is not a number.`);
    const hostName = this.#hostName();
    const user = this.#values.get('user') ?? null;
    const agent = this.#values.get('identityagent');
    const expand = (path: string): string => this.#expand(path, hostName ?? this.#name, user);
    const files = (keyword: string, usual: readonly string[]): string[] =>
      (this.#values.get(keyword)?.split('\n') ?? usual).filter((path) => path.toLowerCase() !== 'none').map(expand);
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
      proxyJump: jump === undefined || jump.toLowerCase() === 'none' ? [] : jump.split(','),
      knownHosts: [
        ...files('userknownhostsfile', USER_KNOWN_HOSTS),
        ...files('globalknownhostsfile', SYSTEM_KNOWN_HOSTS),
      ],
      hostKeyAlias: this.#values.get('hostkeyalias') ?? null,
      family: FAMILIES[this.#values.get('addressfamily')?.toLowerCase() ?? ''] ?? null,
      skipped: [...this.#skipped].map((item) => displayPath(item).slice(0, 100)),
    };
  }

  /** `~/` and the tokens %d %h %r %u %% (ssh_config(5) TOKENS). */
  #expand(path: string, host: string, remoteUser: string | null): string {
    const tokens: Record<string, string> = {
      d: homedir(),
      h: host,
      r: remoteUser ?? ownUser().username,
      u: ownUser().username,
      '%': '%',
    };
    const text = path.replace(/%([dhru%])/g, (_, token: string) => tokens[token]!);
    return text.startsWith('~/') ? join(homedir(), text.slice(2)) : text;
  }
}
