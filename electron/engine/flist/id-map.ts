import { readFileSync } from 'node:fs';
import type { ByteString } from '../../../shared/model/path.ts';

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
 * The local user and group tables, read from files when first asked. Directory services (LDAP and the like) are not
 * asked: their ids travel as numbers.
 */
export class FileIds implements LocalIds {
  readonly #passwd: string;
  readonly #group: string;
  #users: Table | null = null;
  #groups: Table | null = null;

  constructor(passwd = '/etc/passwd', group = '/etc/group') {
    this.#passwd = passwd;
    this.#group = group;
  }

  user(uid: number): ByteString | null {
    return this.#userTable.names.get(uid) ?? null;
  }

  group(gid: number): ByteString | null {
    return this.#groupTable.names.get(gid) ?? null;
  }

  userId(name: ByteString): number | null {
    return this.#userTable.ids.get(name) ?? null;
  }

  groupId(name: ByteString): number | null {
    return this.#groupTable.ids.get(name) ?? null;
  }

  get #userTable(): Table {
    return (this.#users ??= readTable(this.#passwd));
  }

  get #groupTable(): Table {
    return (this.#groups ??= readTable(this.#group));
  }
}

let shared: FileIds | null = null;

/** The tables of this system, one instance per thread. */
export const localNames = (): LocalIds => (shared ??= new FileIds());

/** Names the peer gave for its ids. The maps may still grow while lists arrive. */
export interface ReceivedNames {
  readonly users: ReadonlyMap<number, ByteString>;
  readonly groups: ReadonlyMap<number, ByteString>;
}

/**
 * What a receiver makes of the peer's ids (§6.12, R21): the local id of the same name, else the same number. Id 0 is
 * never looked up by name. Ask about an id only after the entry that brought it was read: answers are remembered.
 */
export class IdMapper {
  readonly #names: ReceivedNames;
  readonly #numeric: boolean;
  readonly #isRoot: boolean;
  readonly #ownGroups: ReadonlySet<number>;
  readonly #local: LocalIds;
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
  ) {
    this.#names = names;
    this.#numeric = numeric;
    this.#isRoot = isRoot;
    this.#ownGroups = new Set(ownGroups);
    this.#local = local;
  }

  /** Owner to set for the peer's `remote` id, or null to leave the owner alone. */
  uid(remote: number): number | null {
    if (!this.#isRoot) return null;
    return this.aclUser(remote);
  }

  /** What an entry of an ACL for the peer's user is about here. */
  aclUser(remote: number): number {
    let id = this.#uids.get(remote);
    if (id === undefined) {
      const name = this.#numeric || remote === 0 ? '' : (this.#names.users.get(remote) ?? '');
      id = (name === '' ? null : this.#local.userId(name)) ?? remote;
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
      const name = this.#numeric || remote === 0 ? '' : (this.#names.groups.get(remote) ?? '');
      id = (name === '' ? null : this.#local.groupId(name)) ?? remote;
      this.#gids.set(remote, id);
    }
    return id;
  }
}
