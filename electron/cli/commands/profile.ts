import { fail } from '../../../shared/errors.ts';
import { formatDateTime, outcomeLabel } from '../../../shared/format.ts';
import type { CliValue } from '../../../shared/model/cli.ts';
import { displayPath } from '../../../shared/model/path.ts';
import { type Profile, ProfileDraft } from '../../../shared/model/profile.ts';
import { readWords } from './arguments.ts';
import { byName, type CommandContext } from './context.ts';
import { parseDraft } from './draft.ts';
import { describe, NEW_PROFILE, readFields } from './profile-fields.ts';
import { COMMANDS } from './table.ts';

export async function addProfile(words: readonly string[], { service, print }: CommandContext): Promise<Profile> {
  const { values, positionals, given } = readWords(words, COMMANDS['profile add']);
  const hosts = service.hosts.list();
  const { source, destination, ...fields } = readFields({ values, given }, NEW_PROFILE, hosts);
  if (source === undefined || destination === undefined) {
    throw fail('usage', 'missing-word', `${source === undefined ? '--source' : '--dest'} is missing.`, {
      hint: 'Add --help for examples.',
    });
  }
  const profile = await service.profiles.add(
    parseDraft(ProfileDraft, { ...fields, name: positionals[0]!, source, destination }),
  );
  print(`Saved the profile “${displayPath(profile.name)}”: ${describe(profile, hosts)}.`);
  print(`“driftline preview ${displayPath(profile.name)}” shows what it would do.`);
  return profile;
}

export async function editProfile(words: readonly string[], { service, print }: CommandContext): Promise<Profile> {
  const { values, positionals, given } = readWords(words, COMMANDS['profile edit']);
  const hosts = service.hosts.list();
  const {
    id,
    createdAt: _createdAt,
    lastRun: _lastRun,
    ...before
  } = byName('profile', service.profiles.list(), positionals[0]!);
  const draft = { ...before, ...readFields({ values, given }, before, hosts), name: values.name ?? before.name };
  const profile = await service.profiles.update(id, parseDraft(ProfileDraft, draft));
  print(`Saved the profile “${displayPath(profile.name)}”: ${describe(profile, hosts)}.`);
  return profile;
}

export async function duplicateProfile(words: readonly string[], { service, print }: CommandContext): Promise<Profile> {
  const { positionals } = readWords(words, COMMANDS['profile duplicate']);
  const copy = await service.profiles.duplicate(byName('profile', service.profiles.list(), positionals[0]!).id);
  print(`Saved the profile “${displayPath(copy.name)}”.`);
  return copy;
}

export function listProfiles(words: readonly string[], { service, print }: CommandContext): CliValue<'profile list'> {
  readWords(words, COMMANDS['profile list']);
  const profiles = service.profiles.list();
  const hosts = service.hosts.list();
  if (profiles.length === 0) print('No profile is saved. “driftline profile add --help” shows how.');
  for (const profile of profiles) print(`${displayPath(profile.name)}: ${describe(profile, hosts)}`);
  return profiles;
}

export function showProfile(words: readonly string[], { service, print }: CommandContext): Profile {
  const { positionals } = readWords(words, COMMANDS['profile show']);
  const profile = byName('profile', service.profiles.list(), positionals[0]!);
  const { name, tags, options, lastRun, createdAt } = profile;
  print(`${displayPath(name)}: ${describe(profile, service.hosts.list())}`);
  const facts: [string, string][] = [
    ['Tags', tags.join(', ')],
    ['Compares', options.checksum ? 'contents' : 'size and time'],
    ['Newer files there', options.update ? 'are kept' : 'are replaced'],
    ['Timeout', options.timeout === 0 ? 'none' : `${options.timeout} s`],
    ['Saved', formatDateTime(createdAt)],
    [
      'Last run',
      lastRun === null ? 'never' : `${formatDateTime(lastRun.endedAt)}, ${outcomeLabel(lastRun.outcome).toLowerCase()}`,
    ],
  ];
  for (const [fact, value] of facts) if (value !== '') print(`  ${fact.padEnd(18)} ${displayPath(value)}`);
  return profile;
}

export async function removeProfile(
  words: readonly string[],
  { service, print }: CommandContext,
): Promise<{ name: string }> {
  const { positionals } = readWords(words, COMMANDS['profile remove']);
  const profile = byName('profile', service.profiles.list(), positionals[0]!);
  await service.handlers['profiles.remove']({ id: profile.id });
  print(`Removed the profile “${displayPath(profile.name)}”. No file was touched.`);
  return { name: profile.name };
}
