import { execFileSync, type ExecFileSyncOptionsWithStringEncoding } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { ByteString } from '../../../shared/model/path.ts';
import { compileGlob, matchGlob } from '../filter/wildmatch.ts';
import type { IdMapRule } from '../options/id-map-rules.ts';

/** Local names of ids, as a sender puts them into lists. */
export interface IdNames {
  user(uid: number): ByteString | null;
  group(gid: number): ByteString | null;
}

/** Local names of ids and ids of names. */
export interface LocalIds extends IdNames {
  userId(name: ByteString): number | null;
  groupId(name: ByteString): number | null;
}

interface Table {
  names: Map<number, ByteString>;
  ids: Map<ByteString, number>;
}

/**
 * Reads a table of `name:password:id:…` lines, as passwd(5) and group(5) describe them. The first line for an id or a
 * name counts. A file that cannot be read has no names, so ids travel as numbers.
 */
function readTable(path: string): Table {
  const names = new Map<number, ByteString>();
  const ids = new Map<ByteString, number>();
  let text = '';
  try {
    text = readFileSync(path, 'latin1');
  } catch {
    // No such file on this system.
  }
  for (const line of text.split('\n')) {
    const [name, , digits] = line.split(':', 3);
    if (!name || !digits || !/^[0-9]{1,10}$/.test(digits) || /^[#+-]/.test(name)) continue;
    const id = Number(digits);
    if (id > 0xffffffff) continue;
    if (!names.has(id)) names.set(id, name);
    if (!ids.has(name)) ids.set(name, id);
  }
  return { names, ids };
}

/**
 * The local user and group tables, read from files when first asked. Where the system names a directory service as well
 * (LDAP and the like), what the files lack is asked of getent(1), each id and name once.
 */
export class FileIds implements LocalIds {
  readonly #passwd: string;
  readonly #group: string;
  #users: Table | null = null;
  #groups: Table | null = null;
  readonly #switch: string;
  #services: ReadonlySet<string> | null = null;
  readonly #answers = new Map<string, ByteString | null>();

  constructor(passwd = '/etc/passwd', group = '/etc/group', nsswitch = '/etc/nsswitch.conf') {
    this.#passwd = passwd;
    this.#group = group;
    this.#switch = nsswitch;
  }

  user(uid: number): ByteString | null {
    return this.#userTable.names.get(uid) ?? this.#service('passwd', String(uid), 0);
  }

  group(gid: number): ByteString | null {
    return this.#groupTable.names.get(gid) ?? this.#service('group', String(gid), 0);
  }

  userId(name: ByteString): number | null {
    return this.#userTable.ids.get(name) ?? toId(this.#service('passwd', name, 2));
  }

  groupId(name: ByteString): number | null {
    return this.#groupTable.ids.get(name) ?? toId(this.#service('group', name, 2));
  }

  /** A field of the line that a directory service has for an id or a name, or null. */
  #service(table: 'passwd' | 'group', key: ByteString, field: number): ByteString | null {
    this.#services ??= directoryServices(this.#switch);
    if (!this.#services.has(table) || key.startsWith('-')) return null;
    const known = this.#answers.get(`${table} ${key}`);
    if (known !== undefined) return known;
    let answer: ByteString | null = null;
    try {
      const line = execFileSync('getent', [table, Buffer.from(key, 'latin1').toString()], GETENT);
      answer = line.split('\n', 1)[0]!.split(':')[field] ?? null;
    } catch {
      // Not found, or no such program.
    }
    this.#answers.set(`${table} ${key}`, answer);
    return answer;
  }

  get #userTable(): Table {
    return (this.#users ??= readTable(this.#passwd));
  }

  get #groupTable(): Table {
    return (this.#groups ??= readTable(this.#group));
  }
}

const GETENT: ExecFileSyncOptionsWithStringEncoding = {
  encoding: 'latin1',
  stdio: ['ignore', 'pipe', 'ignore'],
  timeout: 10_000,
};

/** Tables for which nsswitch.conf(5) names more than local files. */
function directoryServices(path: string): ReadonlySet<string> {
  let text = '';
  try {
    text = readFileSync(path, 'latin1');
  } catch {
    // No such file: files alone.
  }
  const found = new Set<string>();
  for (const line of text.split('\n')) {
    const [, table, sources] = /^\s*(passwd|group):([^#]*)/.exec(line) ?? [];
    const others = sources?.replace(/\[.*?\]/g, ' ').match(/\S+/g);
    if (table && others?.some((source) => !LOCAL_SOURCES.has(source))) found.add(table);
  }
  return found;
}

const LOCAL_SOURCES = new Set(['files', 'compat', 'db', 'systemd']);

const toId = (digits: ByteString | null): number | null =>
  digits !== null && /^[0-9]{1,10}$/.test(digits) && Number(digits) <= 0xffffffff ? Number(digits) : null;

let shared: FileIds | null = null;

/** The tables of this system, one instance per thread. */
export const localNames = (): LocalIds => (shared ??= new FileIds());

/** Names the peer gave for its ids. The maps may still grow while lists arrive. */
export interface ReceivedNames {
  readonly users: ReadonlyMap<number, ByteString>;
  readonly groups: ReadonlyMap<number, ByteString>;
}

/** Rules of `--usermap` and `--groupmap`. */
export interface IdMapRules {
  readonly users: readonly IdMapRule[];
  readonly groups: readonly IdMapRule[];
}

/**
 * What a receiver makes of the peer's ids (§6.12, R21): what the first rule that fits says, else the local id of the
 * same name, else the same number. Without a rule id 0 is never looked up by name. Ask about an id only after the entry
 * that brought it was read: answers are remembered.
 */
export class IdMapper {
  readonly #names: ReceivedNames;
  readonly #numeric: boolean;
  readonly #isRoot: boolean;
  readonly #ownGroups: ReadonlySet<number>;
  readonly #local: LocalIds;
  readonly #rules: IdMapRules;
  readonly #uids = new Map<number, number>();
  readonly #gids = new Map<number, number>();

  /**
   * @param numeric `--numeric-ids`
   * @param isRoot whether this process may give files away
   * @param ownGroups groups this process belongs to: the only ones it may set otherwise
   */
  constructor(
    names: ReceivedNames,
    numeric: boolean,
    isRoot: boolean,
    ownGroups: Iterable<number>,
    local: LocalIds = localNames(),
    rules: IdMapRules = NO_RULES,
  ) {
    this.#names = names;
    this.#numeric = numeric;
    this.#isRoot = isRoot;
    this.#ownGroups = new Set(ownGroups);
    this.#local = local;
    this.#rules = rules;
  }

  /** Owner to set for the peer's `remote` id, or null to leave the owner alone. */
  uid(remote: number): number | null {
    return this.#isRoot ? this.aclUser(remote) : null;
  }

  /** What an entry of an ACL for the peer's user is about here. */
  aclUser(remote: number): number {
    let id = this.#uids.get(remote);
    if (id === undefined) {
      id = this.#map(remote, this.#names.users, this.#rules.users, (name) => this.#local.userId(name));
      this.#uids.set(remote, id);
    }
    return id;
  }

  /** Group to set for the peer's `remote` id, or null to leave the group alone. */
  gid(remote: number): number | null {
    const id = this.aclGroup(remote);
    return this.#isRoot || this.#ownGroups.has(id) ? id : null;
  }

  /** What an entry of an ACL for the peer's group is about here. */
  aclGroup(remote: number): number {
    let id = this.#gids.get(remote);
    if (id === undefined) {
      id = this.#map(remote, this.#names.groups, this.#rules.groups, (name) => this.#local.groupId(name));
      this.#gids.set(remote, id);
    }
    return id;
  }

  #map(
    remote: number,
    names: ReadonlyMap<number, ByteString>,
    rules: readonly IdMapRule[],
    local: (name: ByteString) => number | null,
  ): number {
    const name = this.#numeric ? '' : (names.get(remote) ?? '');
    for (const { from, to } of rules) {
      if (!fits(from, remote, name)) continue;
      const id = typeof to === 'number' ? to : local(to);
      if (id !== null) return id;
    }
    return (name === '' || remote === 0 ? null : local(name)) ?? remote;
  }
}

const NO_RULES: IdMapRules = { users: [], groups: [] };

function fits(from: IdMapRule['from'], id: number, name: ByteString): boolean {
  if (from === 'unnamed') return name === '';
  if ('low' in from) return id >= from.low && id <= from.high;
  return /[*?[]/.test(from.pattern) ? matchGlob(compileGlob(from.pattern), name) : from.pattern === name;
}
