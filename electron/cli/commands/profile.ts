import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fail } from '../../../shared/errors.ts';
import { formatDateTime, outcomeLabel } from '../../../shared/format.ts';
import type { CliValue } from '../../../shared/model/cli.ts';
import type { Host } from '../../../shared/model/host.ts';
import { displayPath, type PathText } from '../../../shared/model/path.ts';
import { DEFAULT_PROFILE_OPTIONS, type Endpoint, type Profile, ProfileDraft } from '../../../shared/model/profile.ts';
import { nearest, readWords, wholeNumber } from './arguments.ts';
import { byName, type CommandContext } from './context.ts';
import { parseDraft } from './draft.ts';

export const ADD_OPTIONS = {
  source: { type: 'string' },
  dest: { type: 'string' },
  contents: { type: 'boolean' },
  delete: { type: 'boolean' },
  exclude: { type: 'string', multiple: true },
  checksum: { type: 'boolean' },
  update: { type: 'boolean' },
  'numeric-ids': { type: 'boolean' },
  timeout: { type: 'string' },
} as const;

export async function addProfile(words: readonly string[], { service, print }: CommandContext): Promise<Profile> {
  const { values, positionals } = readWords(words, ADD_OPTIONS, ['The name of the profile']);
  const { source, dest } = values;
  if (source === undefined || dest === undefined) {
    throw fail('usage', 'missing-word', `${source === undefined ? '--source' : '--dest'} is missing.`, {
      hint: 'Add --help for examples.',
    });
  }
  const hosts = service.hosts.list();
  const draft = parseDraft(ProfileDraft, {
    name: positionals[0]!,
    source: readEndpoint(source, hosts),
    destination: readEndpoint(dest, hosts),
    contentsOnly: values.contents === true || source.endsWith('/'),
    options: {
      ...DEFAULT_PROFILE_OPTIONS,
      delete: values.delete === true,
      checksum: values.checksum === true,
      update: values.update === true,
      numericIds: values['numeric-ids'] === true,
      excludes: values.exclude ?? [],
      ...(values.timeout === undefined ? {} : { timeout: wholeNumber('timeout', values.timeout, 0, 86_400) }),
    },
  });
  const profile = await service.profiles.add(draft);
  print(`Saved the profile “${displayPath(profile.name)}”: ${describe(profile, hosts)}.`);
  print(`“driftline preview ${displayPath(profile.name)}” shows what it would do.`);
  return profile;
}

/**
 * `NAME:path` with the name of a saved host, or a local path, made absolute. As with rsync, a colon before any slash
 * names a host; `./a:b` is a local name.
 */
export function readEndpoint(text: string, hosts: readonly Host[]): Endpoint {
  // A host's name may itself hold a colon: the longest name that fits is meant.
  const named = hosts
    .filter(({ name }) => text.startsWith(`${name}:`))
    .sort((a, b) => b.name.length - a.name.length)[0];
  if (named !== undefined) return { kind: 'host', hostId: named.id, path: trimmed(text.slice(named.name.length + 1)) };
  const colon = /^([^/]*?):/.exec(text);
  if (colon !== null && !(process.platform === 'win32' && colon[1]!.length === 1)) {
    const near = nearest(
      colon[1]!,
      hosts.map(({ name }) => name),
    );
    throw fail('usage', 'unknown-name', `There is no host named “${displayPath(colon[1]!)}”.`, {
      hint:
        near === null
          ? 'Save it with “driftline host add”, or write ./ before a local name that has a colon.'
          : `Did you mean “${near}”?`,
    });
  }
  const home = text === '~' || text.startsWith('~/') ? join(homedir(), text.slice(1)) : text;
  return { kind: 'local', path: resolve(home) as PathText };
}

/** Without slashes at the end: whether the folder or its contents is meant is a field of its own. */
const trimmed = (path: string): PathText => path.replace(/(.)\/+$/s, '$1') as PathText;

export function listProfiles(words: readonly string[], { service, print }: CommandContext): CliValue<'profile list'> {
  readWords(words, {}, []);
  const profiles = service.profiles.list();
  const hosts = service.hosts.list();
  if (profiles.length === 0) print('No profile is saved. “driftline profile add --help” shows how.');
  for (const profile of profiles) {
    const last =
      profile.lastRun === null
        ? 'never run'
        : `${outcomeLabel(profile.lastRun.outcome)}, ${formatDateTime(profile.lastRun.endedAt)}`;
    print(`${displayPath(profile.name)}: ${describe(profile, hosts)} (${last})`);
  }
  return profiles;
}

export async function removeProfile(
  words: readonly string[],
  { service, print }: CommandContext,
): Promise<{ name: string }> {
  const { positionals } = readWords(words, {}, ['The name of the profile']);
  const profile = byName('profile', service.profiles.list(), positionals[0]!);
  await service.handlers['profiles.remove']({ id: profile.id });
  print(`Removed the profile “${displayPath(profile.name)}”. No file was touched.`);
  return { name: profile.name };
}

function describe(profile: Profile, hosts: readonly Host[]): string {
  const end = (endpoint: Endpoint): string =>
    endpoint.kind === 'local'
      ? endpoint.path
      : `${hosts.find(({ id }) => id === endpoint.hostId)?.name ?? '?'}:${endpoint.path}`;
  const { source, destination, contentsOnly, options } = profile;
  const more = [options.delete ? 'deletes' : '', ...options.excludes.map((pattern) => `without ${pattern}`)].filter(
    Boolean,
  );
  const slash = contentsOnly && !source.path.endsWith('/') ? '/' : '';
  return displayPath(`${end(source)}${slash} → ${end(destination)}${more.length > 0 ? `, ${more.join(', ')}` : ''}`);
}
