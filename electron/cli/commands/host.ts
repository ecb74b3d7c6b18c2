import { resolve } from 'node:path';
import { fail, toErrorData } from '../../../shared/errors.ts';
import { formatBytes, formatCount } from '../../../shared/format.ts';
import type { CliValue } from '../../../shared/model/cli.ts';
import { Fingerprint, type Host, HostDraft, type HostTest } from '../../../shared/model/host.ts';
import { displayPath, type PathText } from '../../../shared/model/path.ts';
import { quoteShellWord } from '../../../shared/shell-words.ts';
import { ownUser } from '../../engine/own-user.ts';
import { readSecretFromInput } from '../terminal.ts';
import { adviseThrown } from './advice.ts';
import { readWords, wholeNumber } from './arguments.ts';
import { byName, type CommandContext } from './context.ts';
import { parseDraft } from './draft.ts';
import { COMMANDS } from './table.ts';

/** Saves a host. With `--trust-first` it connects and takes the key the server shows. */
export async function addHost(words: readonly string[], context: CommandContext): Promise<CliValue<'host add'>> {
  const { values, positionals } = readWords(words, COMMANDS['host add']);
  if (values.fingerprint !== undefined && values['trust-first'] === true) {
    throw fail('usage', 'trust-twice', 'Only one of --fingerprint and --trust-first can be given.');
  }
  if (values.address === undefined)
    throw fail('usage', 'missing-word', '--address is missing.', { hint: 'Add --help for examples.' });
  const draft = parseDraft(HostDraft, {
    name: positionals[0]!,
    address: values.address,
    port: wholeNumber('port', values.port ?? '22', 1, 65535),
    user: values.user ?? ownUser().username,
    auth: readLogin(values) ?? { kind: 'agent' },
    rsyncPath: values['rsync-path'] ?? '',
    jumpHostId: readJump(values.through, context),
  });
  const key = readKey(values.fingerprint);
  const { service } = context;
  const secret = values['password-stdin'] === true ? await readPassword(draft, context) : null;
  const added = await service.hosts.add(draft, secret, key);
  if (values['trust-first'] === true) await trustFirst(added, context);
  const host = service.hosts.get(added.id);
  const kept = await whereKept(secret, context);
  context.print(`Saved the host “${displayPath(host.name)}”: ${where(host)}.`);
  if (host.hostKey === null) context.print('Its identity is confirmed at the first connection.');
  else context.print(`Its key is ${[host.hostKey.algorithm, host.hostKey.fingerprint].filter(Boolean).join(' ')}.`);
  return { host, secret: kept };
}

/** Changes what was given; the rest of the record stays. */
export async function editHost(words: readonly string[], context: CommandContext): Promise<CliValue<'host edit'>> {
  const { values, positionals } = readWords(words, COMMANDS['host edit']);
  const { service, print } = context;
  const before = byName('host', service.hosts.list(), positionals[0]!);
  const { id, hostKey: _hostKey, createdAt: _createdAt, ...fields } = before;
  const draft = parseDraft(HostDraft, {
    ...fields,
    name: values.name ?? fields.name,
    address: values.address ?? fields.address,
    port: values.port === undefined ? fields.port : wholeNumber('port', values.port, 1, 65535),
    user: values.user ?? fields.user,
    auth: readLogin(values) ?? fields.auth,
    rsyncPath: values['rsync-path'] ?? fields.rsyncPath,
    jumpHostId: readJump(values.through, context, fields.jumpHostId),
  });
  const key = readKey(values.fingerprint);
  const secret = values['password-stdin'] === true ? await readPassword(draft, context) : null;
  const changed = await service.hosts.update(id, draft, secret);
  const host = key === null ? changed : await service.hosts.acceptKey(changed, key);
  if (key !== null && host.hostKey?.fingerprint !== key.fingerprint) {
    throw fail('host-key', 'key-accepted', `Another key of “${displayPath(host.name)}” is accepted already.`, {
      hint: `If the server was set up anew, forget it first: driftline host forget-key ${quoteShellWord(host.name)}`,
    });
  }
  const kept = await whereKept(secret, context);
  print(`Saved the host “${displayPath(host.name)}”: ${where(host)}.`);
  if (key !== null) print(`Its key is ${key.fingerprint}.`);
  if (before.hostKey !== null && host.hostKey === null) print('Its identity is confirmed anew at the next connection.');
  return { host, secret: kept };
}

/** The key that somebody vouches for. */
const readKey = (fingerprint: string | undefined): { algorithm: string; fingerprint: string } | null =>
  fingerprint === undefined ? null : { algorithm: '', fingerprint: parseDraft(Fingerprint, fingerprint) };

/** The host to go through; '' = none. @param kept what stays where nothing was given */
function readJump(name: string | undefined, { service }: CommandContext, kept: string | null = null): string | null {
  if (name === undefined) return kept;
  return name === '' ? null : byName('host', service.hosts.list(), name).id;
}

interface LoginWords {
  key?: string;
  agent?: boolean;
  'password-stdin'?: boolean;
}

/** The way of logging in that was given, if any. @throws usage `several-logins` */
function readLogin({ key, agent, 'password-stdin': password }: LoginWords): Host['auth'] | null {
  const ways: Host['auth'][] = [];
  if (key !== undefined) ways.push({ kind: 'key', keyPath: resolve(key) as PathText });
  if (agent === true) ways.push({ kind: 'agent' });
  if (password === true) ways.push({ kind: 'password' });
  if (ways.length > 1) {
    throw fail('usage', 'several-logins', 'Only one of --key, --agent and --password-stdin can be given.');
  }
  return ways[0] ?? null;
}

const readPassword = async (
  { user, address }: { user: string; address: string },
  { terminal }: CommandContext,
): Promise<string | null> =>
  process.stdin.isTTY && terminal !== null
    ? terminal.askSecret(`${user}@${address}'s password: `)
    : readSecretFromInput();

async function whereKept(
  secret: string | null,
  { service, notice }: CommandContext,
): Promise<CliValue<'host add'>['secret']> {
  if (secret === null) return 'not-given';
  if ((await service.handlers['app.info'](null)).keychain !== null) return 'keychain';
  notice('there is no keychain here, so the password was not saved; it will be asked for at each connection');
  return 'none';
}

/** Only the key is accepted here; a login that fails is said, and the host stays saved. */
async function trustFirst(host: Host, context: CommandContext): Promise<void> {
  const { service, notice, signal } = context;
  try {
    context.acceptsHostKeys = true;
    await service.connections.test(host.id, () => undefined, signal);
  } catch (error) {
    if (service.hosts.get(host.id).hostKey === null) {
      await service.hosts.remove(host.id);
      throw error;
    }
    notice(`the key was accepted, but the test failed: ${toErrorData(error).message}`);
  } finally {
    context.acceptsHostKeys = false;
  }
}

export function listHosts(words: readonly string[], { service, print }: CommandContext): CliValue<'host list'> {
  readWords(words, COMMANDS['host list']);
  const hosts = service.hosts.list();
  if (hosts.length === 0) print('No host is saved. “driftline host add --help” shows how.');
  const width = Math.max(...hosts.map(({ name }) => displayPath(name).length));
  for (const host of hosts) {
    const login = host.auth.kind === 'key' ? `key ${displayPath(host.auth.keyPath)}` : host.auth.kind;
    const key = host.hostKey === null ? 'identity not confirmed' : host.hostKey.fingerprint;
    const jump = hosts.find(({ id }) => id === host.jumpHostId);
    const way = jump === undefined ? '' : `  through ${displayPath(jump.name)}`;
    print(`${displayPath(host.name).padEnd(width)}  ${where(host)}  ${login}${way}  ${key}`);
  }
  return hosts;
}

export async function testHost(words: readonly string[], context: CommandContext): Promise<HostTest> {
  const { positionals } = readWords(words, COMMANDS['host test']);
  const { service, print, signal } = context;
  const host = byName('host', service.hosts.list(), positionals[0]!);
  try {
    const test = await service.connections.test(host.id, () => undefined, signal);
    const named = displayPath(test.rsyncVersion ?? 'an rsync');
    const version = /^\d/.test(named) ? `rsync ${named}` : named;
    print(
      `“${displayPath(host.name)}” works: ${version}, protocol ${test.protocol ?? 'unknown'}, round trip ${formatCount(Math.round(test.roundTripMs))} ms.`,
    );
    if (test.rsyncPath !== null) print(`rsync there: ${displayPath(test.rsyncPath)}`);
    print(`Login: ${test.login.length === 0 ? 'none was needed' : displayPath(test.login.join(', '))}`);
    print(`Host key: ${displayPath(test.algorithm)} ${test.fingerprint}`);
    for (const { path, free, total } of test.space) {
      const place = path === '' ? 'in the home folder' : `at ${displayPath(path)}`;
      print(`Free ${place}: ${formatBytes(free)} of ${formatBytes(total)}`);
    }
    if (test.space.length === 0) print('Free space: not told by this server');
    return test;
  } catch (error) {
    throw adviseThrown(error, service.hosts.list());
  }
}

export async function forgetKey(words: readonly string[], { service, print }: CommandContext): Promise<Host> {
  const { positionals } = readWords(words, COMMANDS['host forget-key']);
  const host = await service.hosts.forgetKey(byName('host', service.hosts.list(), positionals[0]!).id);
  print(`Forgot the key of the host “${displayPath(host.name)}”. “driftline host test” shows its new one.`);
  return host;
}

export async function removeHost(
  words: readonly string[],
  { service, print }: CommandContext,
): Promise<{ name: string }> {
  const { positionals } = readWords(words, COMMANDS['host remove']);
  const host = byName('host', service.hosts.list(), positionals[0]!);
  await service.hosts.remove(host.id);
  print(`Removed the host “${displayPath(host.name)}”.`);
  return { name: host.name };
}

const where = ({ user, address, port }: Host): string =>
  displayPath(`${user}@${address}${port === 22 ? '' : `:${port}`}`);
