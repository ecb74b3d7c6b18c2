import * as v from 'valibot';
import { fail } from '../../shared/errors.ts';
import { type Host, HostDraft, type SshConfigHost } from '../../shared/model/host.ts';
import { displayPath } from '../../shared/model/path.ts';
import type { WorkerOutcome } from '../worker/messages.ts';
import { QUIET, type WorkerPool } from '../worker/pool.ts';
import { type HostService, sameName } from './host-service.ts';

/** Names of the OpenSSH configuration as saved hosts. */
export interface HostImport {
  /** Every name the configuration spells out, as it could be saved. Nothing in it is run. */
  candidates(): Promise<SshConfigHost[]>;
  /**
   * Saves these names, and the hosts on the way to them that are not saved yet. Names that are saved already stay.
   * @throws DriftlineError `usage`/`ssh-config-bad` for a name that cannot be saved; what was saved before it stays
   */
  save(aliases: readonly string[]): Promise<Host[]>;
}

type ConfiguredName = Extract<WorkerOutcome, { kind: 'ssh-config' }>['names'][number];
type ConfiguredHost = Extract<ConfiguredName, { host: string }>;

export function createHostImport(hosts: HostService, pool: WorkerPool): HostImport {
  async function read(): Promise<ConfiguredName[]> {
    const outcome = await pool.start({ kind: 'read-ssh-config' }, QUIET).outcome;
    if (outcome.kind !== 'ssh-config') throw fail('internal', 'unexpected-outcome', 'The configuration was not read.');
    return outcome.names;
  }

  /** @param through the host before it on the way, where that is given */
  async function saveHost(name: ConfiguredHost, through: Host | null, added: Host[]): Promise<Host> {
    const { draft, notes } = asDraft(name);
    if (draft === null) throw fail('usage', 'ssh-config-bad', `“${name.alias}” was not saved. ${notes.join(' ')}`);
    let before = through;
    for (const jump of name.jumps) before = await saveHost(jump, before, added);
    const jumpHostId = before?.id ?? null;
    const saved = hosts.list();
    const known = saved.find((host) => sameServer(host, draft) && host.jumpHostId === jumpHostId);
    if (known !== undefined) return known;
    const host = await hosts.add({ ...draft, name: freeName(draft.name, before, saved), jumpHostId }, null);
    added.push(host);
    return host;
  }

  return {
    async candidates() {
      const saved = hosts.list();
      return (await read()).map((name): SshConfigHost => {
        const { alias } = name;
        if ('problem' in name) return { alias, draft: null, jumps: [], savedAs: null, notes: [name.problem] };
        const { draft, notes } = asDraft(name);
        const jumps = name.jumps.map((jump) => jump.alias);
        return { alias, draft, jumps, savedAs: (draft && savedAs(draft, saved)?.name) ?? null, notes };
      });
    },

    async save(aliases) {
      const names = await read();
      const added: Host[] = [];
      for (const alias of aliases) {
        const name = names.find((each) => each.alias === alias);
        if (name === undefined)
          throw fail('usage', 'unknown-alias', `The SSH configuration has no host “${displayPath(alias)}”.`);
        if ('problem' in name)
          throw fail('usage', 'ssh-config-bad', `“${displayPath(alias)}” was not saved. ${name.problem}`);
        await saveHost(name, null, added);
      }
      return added;
    },
  };
}

function asDraft(name: ConfiguredHost): { draft: HostDraft | null; notes: string[] } {
  const auth = name.keyPath === null ? { kind: 'agent' } : { kind: 'key', keyPath: name.keyPath };
  const parsed = v.safeParse(HostDraft, {
    ...{
      name: name.alias,
      address: name.host,
      port: name.port,
      user: name.user,
      auth,
      rsyncPath: '',
      jumpHostId: null,
    },
  });
  const notes = name.skipped.map((item) => `${item} is not carried out.`);
  if (parsed.success) return { draft: parsed.output, notes };
  const issue = parsed.issues[0];
  return { draft: null, notes: [`It has no usable ${v.getDotPath(issue) ?? 'setting'}: ${issue.message}.`] };
}

const sameServer = (host: Host, draft: HostDraft): boolean =>
  host.address.toLowerCase() === draft.address.toLowerCase() && host.port === draft.port && host.user === draft.user;

const savedAs = (draft: HostDraft, saved: readonly Host[]): Host | undefined =>
  saved.find((host) => sameName(host.name, draft.name) || sameServer(host, draft));

function freeName(name: string, before: Host | null, saved: readonly Host[]): string {
  const taken = (text: string): boolean => saved.some((host) => sameName(host.name, text));
  if (!taken(name)) return name;
  const base = before === null ? name : `${name} through ${before.name}`;
  for (let number = 2; ; number++) {
    const text = number === 2 && base !== name ? base : `${base} (${number})`;
    if (!taken(text)) return text;
  }
}
