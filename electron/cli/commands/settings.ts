import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { fail } from '../../../shared/errors.ts';
import { plural } from '../../../shared/format.ts';
import type { CliValue } from '../../../shared/model/cli.ts';
import type { ImportOffer, ImportStanding } from '../../../shared/model/import.ts';
import { displayPath } from '../../../shared/model/path.ts';
import { DEFAULT_SETTINGS, type Settings, SettingsChange } from '../../../shared/model/settings.ts';
import { writeWhole } from '../../service/store/whole-file.ts';
import { nearest, readWords } from './arguments.ts';
import type { CommandContext } from './context.ts';
import { COMMANDS } from './table.ts';

const NAMES = Object.keys(DEFAULT_SETTINGS) as (keyof Settings)[];

export function getSettings(words: readonly string[], { service, print }: CommandContext): Settings {
  const { positionals } = readWords(words, COMMANDS['settings get']);
  const settings = service.settings.get();
  const [name] = positionals;
  if (name !== undefined) print(shown(settings[settingName(name)]));
  else for (const each of NAMES) print(`${each.padEnd(16)} ${shown(settings[each])}`);
  return settings;
}

export async function setSetting(words: readonly string[], { service, print }: CommandContext): Promise<Settings> {
  const { positionals } = readWords(words, COMMANDS['settings set']);
  const name = settingName(positionals[0]!);
  const parsed = v.safeParse(SettingsChange, { [name]: readValue(positionals[1]!) });
  if (!parsed.success) {
    const issue = parsed.issues[0];
    const expected = issue.message.startsWith('Invalid ')
      ? `expected ${issue.expected ?? 'something else'}`
      : issue.message;
    throw fail('usage', 'bad-value', `${v.getDotPath(issue) ?? name}: ${expected}.`, {
      hint: `Now it is ${shown(service.settings.get()[name])}.`,
    });
  }
  const settings = await service.settings.update(parsed.output);
  print(`${name} is ${shown(settings[name])}.`);
  return settings;
}

export async function exportSettings(
  words: readonly string[],
  context: CommandContext,
): Promise<CliValue<'settings export'>> {
  const { positionals } = readWords(words, COMMANDS['settings export']);
  const { service, print } = context;
  const result = await service.handlers['export.create'](null);
  if (result.kind !== 'text') throw fail('internal', 'no-export', 'The export has no text.');
  const file = positionals[0]!;
  const [hosts, profiles] = [service.hosts.list().length, service.profiles.list().length];
  if (file === '-') print(result.text.trimEnd());
  else {
    try {
      writeWhole(file, result.text);
    } catch (error) {
      throw fileError('write', file, error);
    }
    print(`Wrote ${plural(hosts, 'host')}, ${plural(profiles, 'profile')} and the settings to ${displayPath(file)}.`);
  }
  return { file, hosts, profiles };
}

export async function importSettings(
  words: readonly string[],
  { service, print, notice }: CommandContext,
): Promise<CliValue<'settings import'>> {
  const { values, positionals } = readWords(words, COMMANDS['settings import']);
  const offer = await service.handlers['import.open']({ text: readText(positionals[0]!) });
  const replace = values.replace === true;
  describeOffer(offer, replace, values['with-settings'] === true, print);
  if (values['dry-run'] === true) return { offer, result: null };
  const choose = <T extends { standing: ImportStanding }>(things: readonly T[], id: (thing: T) => string) =>
    things
      .filter(({ standing }) => standing === 'new' || (standing === 'conflict' && replace))
      .map((thing) => ({ id: id(thing), how: thing.standing === 'new' ? ('add' as const) : ('replace' as const) }));
  const result = await service.handlers['import.apply']({
    importId: offer.importId,
    hosts: choose(offer.hosts, ({ host }) => host.id),
    profiles: choose(offer.profiles, ({ profile }) => profile.id),
    settings: values['with-settings'] === true && offer.settings !== null,
  });
  for (const { name, error } of result.failed) notice(displayPath(`“${name}” was not taken: ${error}`));
  print(`Saved ${plural(result.saved, 'thing')}.`);
  return { offer, result };
}

function describeOffer(
  offer: ImportOffer,
  replace: boolean,
  withSettings: boolean,
  print: (text: string) => void,
): void {
  const word: Readonly<Record<ImportStanding, string>> = {
    new: 'new',
    same: 'saved here already',
    conflict: replace ? 'replaces the one of that name' : 'another of that name is kept',
  };
  for (const { host, standing } of offer.hosts) print(`host “${displayPath(host.name)}”: ${word[standing]}`);
  for (const { profile, standing } of offer.profiles)
    print(`profile “${displayPath(profile.name)}”: ${word[standing]}`);
  if (offer.settings !== null)
    print(`settings: differ, ${withSettings ? 'are taken' : 'are left (--with-settings takes them)'}`);
}

function settingName(name: string): keyof Settings {
  const found = NAMES.find((each) => each === name);
  if (found !== undefined) return found;
  const near = nearest(name, NAMES);
  throw fail('usage', 'unknown-setting', `There is no setting “${displayPath(name)}”.`, {
    hint: near === null ? `There are: ${NAMES.join(', ')}.` : `Did you mean “${near}”?`,
  });
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** JSON, or else the word itself. */
function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw fileError('read', file, error);
  }
}

const fileError = (verb: string, file: string, error: unknown): Error =>
  fail(
    'fs',
    'settings-file',
    displayPath(`Cannot ${verb} ${file}: ${error instanceof Error ? error.message : String(error)}`),
  );
