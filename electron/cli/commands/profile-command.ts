import { text } from 'node:stream/consumers';
import { fail } from '../../../shared/errors.ts';
import type { CliValue } from '../../../shared/model/cli.ts';
import { displayPath } from '../../../shared/model/path.ts';
import { type Endpoint, ProfileDraft } from '../../../shared/model/profile.ts';
import { readWords } from './arguments.ts';
import { byName, type CommandContext } from './context.ts';
import { parseDraft } from './draft.ts';
import { describe, localPath } from './profile-fields.ts';
import { COMMANDS } from './table.ts';

/** The rsync command that does what a profile does. */
export async function showCommand(
  words: readonly string[],
  { service, print }: CommandContext,
): Promise<CliValue<'profile command'>> {
  const { positionals } = readWords(words, COMMANDS['profile command']);
  const {
    id: _id,
    createdAt: _createdAt,
    lastRun: _lastRun,
    ...draft
  } = byName('profile', service.profiles.list(), positionals[0]!);
  const { command } = await service.handlers['profiles.command']({ draft });
  print(displayPath(command));
  return { command };
}

/** An rsync command as a profile, telling what was not understood. Nothing of it is executed. */
export async function importCommand(
  words: readonly string[],
  { service, print, notice }: CommandContext,
): Promise<CliValue<'profile import-command'>> {
  const { values, positionals } = readWords(words, COMMANDS['profile import-command']);
  const [name, word] = positionals as [string, string];
  const command = word === '-' ? await text(process.stdin) : word;
  const reading = await service.handlers['profiles.parseCommand']({ text: command });
  // Here a relative folder is one of the working directory.
  const ends: readonly string[] = [...reading.sources, reading.destination];
  for (const { text: part, why } of reading.leftOut)
    if (!ends.includes(part)) notice(displayPath(`left out: ${part}: ${why}`));
  if (values['dry-run'] === true) {
    print(`${reading.sources.map(displayPath).join(', ')} → ${displayPath(reading.destination)}`);
    return { reading, profile: null, host: null };
  }
  if (reading.sources.length === 0 || reading.destination === '')
    throw fail('usage', 'no-ends', 'The command names no source and destination.');
  const host = reading.hostId === null && reading.host !== null ? await service.hosts.add(reading.host, null) : null;
  const hostId = reading.hostId ?? host?.id ?? null;
  const remote = hostId === null ? null : reading.remote;
  const { sources, destination, contentsOnly, options } = reading;
  const end: Endpoint =
    remote === 'destination'
      ? { kind: 'host', hostId: hostId!, path: destination }
      : { kind: 'local', path: localPath(destination) };
  const profile = await service.profiles.add(
    parseDraft(ProfileDraft, {
      name,
      tags: [],
      source:
        remote === 'source'
          ? { kind: 'host', hostId: hostId!, paths: sources }
          : { kind: 'local', paths: sources.map(localPath) },
      destination: end,
      contentsOnly,
      options,
    }),
  );
  if (host !== null) print(`Saved the host “${displayPath(host.name)}”, which the command names.`);
  print(`Saved the profile “${displayPath(profile.name)}”: ${describe(profile, service.hosts.list())}.`);
  return { reading, profile, host };
}
