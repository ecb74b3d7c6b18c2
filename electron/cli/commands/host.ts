import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { DriftlineError, fail, toErrorData } from '../../../shared/errors.ts';
import { formatCount } from '../../../shared/format.ts';
import type { CliValue } from '../../../shared/model/cli.ts';
import { Fingerprint, type Host, HostDraft, type HostTest } from '../../../shared/model/host.ts';
import { displayPath } from '../../../shared/model/path.ts';
import { readSecretFromInput } from '../terminal.ts';
import { readWords, wholeNumber } from './arguments.ts';
import { byName, type CommandContext } from './context.ts';
import { parseDraft } from './draft.ts';

export const ADD_OPTIONS = {
  address: { type: 'string' },
  port: { type: 'string' },
  user: { type: 'string' },
  key: { type: 'string' },
  agent: { type: 'boolean' },
  'password-stdin': { type: 'boolean' },
  fingerprint: { type: 'string' },
  'trust-first': { type: 'boolean' },
  'rsync-path': { type: 'string' },
} as const;

/** Saves a host. With `--trust-first` it connects and takes the key the server shows. */
export async function addHost(words: readonly string[], context: CommandContext): Promise<CliValue<'host add'>> {
  const { values, positionals } = readWords(words, ADD_OPTIONS, ['The name of the host']);
  const ways = [values.key !== undefined, values.agent === true, values['password-stdin'] === true];
  if (ways.filter(Boolean).length > 1) {
    throw fail('usage', 'several-logins', 'Only one of --key, --agent and --password-stdin can be given.');
  }
  if (values.fingerprint !== undefined && values['trust-first'] === true) {
    throw fail('usage', 'trust-twice', 'Only one of --fingerprint and --trust-first can be given.');
  }
  if (values.address === undefined)
    throw fail('usage', 'missing-word', '--address is missing.', { hint: 'Add --help for examples.' });
  const draft = parseDraft(HostDraft, {
    name: positionals[0]!,
    address: values.address,
    port: wholeNumber('port', values.port ?? '22', 1, 65535),
    user: values.user ?? userInfo().username,
    auth:
      values.key !== undefined
        ? { kind: 'key', keyPath: resolve(values.key) }
        : { kind: values['password-stdin'] === true ? 'password' : 'agent' },
    rsyncPath: values['rsync-path'] ?? '',
  });
  const key =
    values.fingerprint === undefined
      ? null
      : { algorithm: '', fingerprint: parseDraft(Fingerprint, values.fingerprint) };
  const { service } = context;
  let secret: string | null = null;
  if (values['password-stdin'] === true) {
    secret =
      process.stdin.isTTY && context.terminal !== null
        ? await context.terminal.askSecret(`${draft.user}@${draft.address}'s password: `)
        : await readSecretFromInput();
  }
  const added = await service.hosts.add(draft, secret, key);
  if (values['trust-first'] === true) await trustFirst(added, context);
  const host = service.hosts.get(added.id);
  const kept =
    secret === null ? 'not-given' : (await service.handlers['app.info'](null)).keychain === null ? 'none' : 'keychain';
  if (kept === 'none') {
    context.notice('there is no keychain here, so the password was not saved; it will be asked for at each connection');
  }
  context.print(`Saved the host “${displayPath(host.name)}”: ${where(host)}.`);
  if (host.hostKey === null) context.print('Its identity is confirmed at the first connection.');
  else context.print(`Its key is ${[host.hostKey.algorithm, host.hostKey.fingerprint].filter(Boolean).join(' ')}.`);
  return { host, secret: kept };
}

/** Only the key is accepted here; a login that fails is said, and the host stays saved. */
async function trustFirst(host: Host, context: CommandContext): Promise<void> {
  const { service, notice, signal } = context;
  try {
    context.acceptsHostKeys = true;
    await service.testHost(host.id, () => undefined, signal);
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
  readWords(words, {}, []);
  const hosts = service.hosts.list();
  if (hosts.length === 0) print('No host is saved. “driftline host add --help” shows how.');
  const width = Math.max(...hosts.map(({ name }) => displayPath(name).length));
  for (const host of hosts) {
    const login = host.auth.kind === 'key' ? `key ${displayPath(host.auth.keyPath)}` : host.auth.kind;
    const key = host.hostKey === null ? 'identity not confirmed' : host.hostKey.fingerprint;
    print(`${displayPath(host.name).padEnd(width)}  ${where(host)}  ${login}  ${key}`);
  }
  return hosts;
}

export async function testHost(words: readonly string[], context: CommandContext): Promise<HostTest> {
  const { positionals } = readWords(words, {}, ['The name of the host']);
  const { service, print, signal } = context;
  const host = byName('host', service.hosts.list(), positionals[0]!);
  try {
    const test = await service.testHost(host.id, (step) => print(displayPath(step)), signal);
    const version = test.rsyncVersion === null ? 'an rsync' : `rsync ${displayPath(test.rsyncVersion)}`;
    print(
      `“${displayPath(host.name)}” works: ${version}, protocol ${test.protocol ?? 'unknown'}, round trip ${formatCount(Math.round(test.roundTripMs))} ms.`,
    );
    return test;
  } catch (error) {
    throw withAdvice(error, host);
  }
}

/** With nobody to ask, says how to say yes. */
export function withAdvice(error: unknown, host: Host | null): unknown {
  if (!(error instanceof DriftlineError) || host === null || error.data.kind !== 'host-key' || host.hostKey !== null)
    return error;
  return new DriftlineError(
    {
      ...error.data,
      hint: `Compare the fingerprint with the one the administrator gives. Then run “driftline host test ${displayPath(host.name)}” in a terminal and answer yes, or add the host with --fingerprint.`,
    },
    { cause: error },
  );
}

export async function forgetKey(words: readonly string[], { service, print }: CommandContext): Promise<Host> {
  const { positionals } = readWords(words, {}, ['The name of the host']);
  const host = await service.hosts.forgetKey(byName('host', service.hosts.list(), positionals[0]!).id);
  print(`Forgot the key of the host “${displayPath(host.name)}”. “driftline host test” shows its new one.`);
  return host;
}

export async function removeHost(
  words: readonly string[],
  { service, print }: CommandContext,
): Promise<{ name: string }> {
  const { positionals } = readWords(words, {}, ['The name of the host']);
  const host = byName('host', service.hosts.list(), positionals[0]!);
  await service.hosts.remove(host.id);
  print(`Removed the host “${displayPath(host.name)}”.`);
  return { name: host.name };
}

const where = ({ user, address, port }: Host): string =>
  displayPath(`${user}@${address}${port === 22 ? '' : `:${port}`}`);
