import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fail } from '../../../shared/errors.ts';

/** Where trusted host keys are found. */
export interface KnownHostsSources {
  /** Our own file: read, and appended to when a person accepts a key; null = none. */
  own: string | null;
  /** Files of others (the user's `~/.ssh/known_hosts`): read, never written. */
  readOnly: readonly string[];
  /** A key a person accepted for this host, by fingerprint; any other key is then a changed key. */
  pinned?: { fingerprint: string; algorithm?: string } | null;
}

export interface KnownKey {
  type: string;
  fingerprint: string;
  file: string;
  /** 1-based; 0 for a pinned key. */
  line: number;
}

export type HostKeyVerdict =
  | { kind: 'match' }
  /** Keys are known for this host and none is the one shown, whatever its type. */
  | { kind: 'changed'; known: KnownKey[] }
  | { kind: 'unknown' }
  | { kind: 'revoked'; at: KnownKey };

interface Line {
  marker: '' | '@revoked' | '@cert-authority';
  hosts: string;
  type: string;
  key: Buffer;
  file: string;
  line: number;
}

/** More than this is not a known_hosts file. */
const MAX_FILE = 16 << 20;

/** The user's own file, which OpenSSH writes. */
export function userKnownHosts(home: string = homedir()): string {
  return join(home, '.ssh', 'known_hosts');
}

/** OpenSSH's fingerprint of a public key blob: `SHA256:` and unpadded base64. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type string at the start of a public key blob (RFC 4253 §6.6), or '' if malformed. */
export function keyType(key: Buffer): string {
  if (key.length < 4) return '';
  const length = key.readUInt32BE(0);
  return length > 0 && length <= 64 && 4 + length <= key.length ? key.toString('latin1', 4, 4 + length) : '';
}

/** Bits of an RSA modulus in a public key blob (RFC 4253 §6.6: string type, mpint e, mpint n); 0 if malformed. */
export function rsaBits(key: Buffer): number {
  let at = 0;
  let field = key;
  for (let i = 0; i < 3; i++) {
    if (at + 4 > key.length) return 0;
    const length = key.readUInt32BE(at);
    if (at + 4 + length > key.length) return 0;
    field = key.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
  let lead = 0;
  while (lead < field.length && field[lead] === 0) lead++;
  return lead === field.length ? 0 : (field.length - lead) * 8 - (Math.clz32(field[lead]!) - 24);
}

/** The name known_hosts files use for a host: lower case, `[host]:port` unless the port is 22 (sshd(8)). */
export function knownHostsName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** What the known_hosts files say about one host. Read once, at the start of a connection. */
export class HostKeys {
  readonly #name: string;
  readonly #plainName: string;
  readonly #lines: Line[] = [];
  readonly #pinned: KnownHostsSources['pinned'];
  readonly #own: string | null;

  /**
   * Reads the files; missing ones are empty, and a read-only one that cannot be read is too. Throws `host-key`
   * (`known-hosts-unreadable`) when our own file exists but cannot be read: trust is never guessed.
   */
  constructor(sources: KnownHostsSources, host: string, port: number) {
    this.#name = knownHostsName(host, port);
    this.#plainName = host.toLowerCase();
    this.#pinned = sources.pinned ?? null;
    this.#own = sources.own;
    if (sources.own !== null) this.#read(sources.own, true);
    for (const file of sources.readOnly) if (file !== sources.own) this.#read(file, false);
  }

  /** Key types known for this host, ours first: to be offered first in the key exchange. */
  get types(): string[] {
    const types = new Set<string>();
    if (this.#pinned?.algorithm !== undefined) types.add(this.#pinned.algorithm);
    for (const line of this.#lines) if (line.marker === '' && matchHosts(line.hosts, this.#name)) types.add(line.type);
    return [...types];
  }

  /** Whether a certificate authority is trusted for this host; its certificates are not understood here. */
  get hasAuthority(): boolean {
    return this.#lines.some((line) => line.marker === '@cert-authority' && matchHosts(line.hosts, this.#name));
  }

  /** Judges a key as OpenSSH does, but stricter: a key of a type not seen before is a change where others are known. */
  judge(key: Buffer): HostKeyVerdict {
    const plain = this.#plainName === this.#name ? null : this.#plainName;
    const known: KnownKey[] = [];
    let match = false;
    for (const line of this.#lines) {
      const same = line.key.equals(key);
      // With a port of its own, OpenSSH falls back to the host's plain name, but only to accept or revoke a key.
      const direct = matchHosts(line.hosts, this.#name);
      if (!direct && !(same && plain !== null && matchHosts(line.hosts, plain))) continue;
      if (line.marker === '@revoked') {
        if (same) return { kind: 'revoked', at: describe(line) };
      } else if (line.marker === '') {
        if (same) match = true;
        else known.push(describe(line));
      }
    }
    if (this.#pinned) {
      if (this.#pinned.fingerprint === fingerprint(key)) return { kind: 'match' };
      const { fingerprint: pin, algorithm } = this.#pinned;
      return { kind: 'changed', known: [{ type: algorithm ?? 'key', fingerprint: pin, file: '', line: 0 }, ...known] };
    }
    if (match) return { kind: 'match' };
    return known.length > 0 ? { kind: 'changed', known } : { kind: 'unknown' };
  }

  /** Appends the key to our own file (made 0600, its folder 0700). Without an own file nothing is kept. */
  save(key: Buffer): void {
    if (this.#own !== null) appendKnownHost(this.#own, this.#name, key);
  }

  #read(file: string, required: boolean): void {
    let text: string;
    try {
      if (statSync(file).size > MAX_FILE) throw new Error('too large');
      text = readFileSync(file, 'latin1');
    } catch (error) {
      if (!required || (error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw fail('host-key', 'known-hosts-unreadable', 'The list of trusted host keys cannot be read.', {
        hint: 'Check the permissions of the known_hosts file.',
        cause: error,
      });
    }
    text.split('\n').forEach((raw, index) => {
      const line = parseLine(raw, file, index + 1);
      if (line !== null) this.#lines.push(line);
    });
  }
}

/** Adds one line to a known_hosts file. `name` comes from `knownHostsName`. */
export function appendKnownHost(file: string, name: string, key: Buffer): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const before = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
  const gap = before.length > 0 && before[before.length - 1] !== 0x0a ? '\n' : '';
  appendFileSync(file, `${gap}${name} ${keyType(key)} ${key.toString('base64')}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
}

function describe(line: Line): KnownKey {
  return { type: line.type, fingerprint: fingerprint(line.key), file: line.file, line: line.line };
}

/** One line by sshd(8) "SSH_KNOWN_HOSTS FILE FORMAT"; null for comments and for anything malformed. */
function parseLine(raw: string, file: string, line: number): Line | null {
  const words = raw.trim().split(/[ \t]+/);
  let marker: Line['marker'] = '';
  if (words[0]?.startsWith('@')) {
    const first = words.shift();
    if (first !== '@revoked' && first !== '@cert-authority') return null;
    marker = first;
  }
  const [hosts, type, blob] = words;
  if (hosts === undefined || hosts.startsWith('#') || type === undefined || blob === undefined) return null;
  const key = Buffer.from(blob, 'base64');
  return keyType(key) === type ? { marker, hosts, type, key, file, line } : null;
}

/** Whether a host field (hashed name, or comma-separated patterns with `*`, `?` and `!`) covers a name. */
function matchHosts(field: string, name: string): boolean {
  if (field.startsWith('|')) return matchHashed(field, name);
  let found = false;
  for (const item of field.toLowerCase().split(',')) {
    const negated = item.startsWith('!');
    if (!matchPattern(negated ? item.slice(1) : item, name)) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

/** `|1|base64(salt)|base64(HMAC-SHA1(salt, name))`, what `HashKnownHosts yes` writes. */
function matchHashed(field: string, name: string): boolean {
  const [empty, magic, salt, hash, ...rest] = field.split('|');
  if (empty !== '' || magic !== '1' || salt === undefined || hash === undefined || rest.length > 0) return false;
  const wanted = Buffer.from(hash, 'base64');
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return wanted.length === actual.length && timingSafeEqual(wanted, actual);
}

/** `*` and `?` as in ssh_config(5) PATTERNS; linear in practice: one backtrack point, no recursion. */
export function matchPattern(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (p < pattern.length && (pattern[p] === '?' || (pattern[p] === text[t] && pattern[p] !== '*'))) {
      p++;
      t++;
    } else if (pattern[p] === '*') {
      star = p++;
      resume = t;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resume;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
