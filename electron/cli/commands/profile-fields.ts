import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fail } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import { displayPath, type PathText } from '../../../shared/model/path.ts';
import {
  DEFAULT_PROFILE_OPTIONS,
  type Endpoint,
  excludeRule,
  type Profile,
  type ProfileDraft,
  type SourcePlace,
  sourceEnds,
} from '../../../shared/model/profile.ts';
import { nearest, type readWords, wholeNumber } from './arguments.ts';
import type { COMMANDS } from './table.ts';

type Words = ReturnType<typeof readWords<(typeof COMMANDS)['profile edit']>>;

/** What a new profile has where nothing is said. */
export const NEW_PROFILE: Pick<ProfileDraft, 'tags' | 'contentsOnly' | 'options'> = {
  tags: [],
  contentsOnly: false,
  options: DEFAULT_PROFILE_OPTIONS,
};

/**
 * The fields of a profile that the options of `profile add` and `profile edit` speak of.
 * @param before what stays where nothing is said
 * @throws usage `unknown-name`, `several-places`, `bad-number`
 */
export function readFields(
  { values, given }: Pick<Words, 'values' | 'given'>,
  before: typeof NEW_PROFILE,
  hosts: readonly Host[],
): Partial<ProfileDraft> & typeof NEW_PROFILE {
  const { source, dest, tag, option, timeout } = values;
  const rules = given.filter(([name]) => name === 'exclude' || name === 'filter');
  const flag = (yes: boolean | undefined, no: boolean | undefined, old: boolean): boolean =>
    yes === true || (no !== true && old);
  // An empty value says: none of these.
  const words = (list: readonly string[]): string[] => list.filter((word) => word !== '');
  const { options } = before;
  return {
    tags: tag === undefined ? before.tags : words(tag),
    ...(source === undefined ? {} : { source: readSource(source, hosts) }),
    ...(dest === undefined ? {} : { destination: readEndpoint(dest, hosts) }),
    contentsOnly: flag(
      values.contents,
      values['no-contents'],
      source === undefined ? before.contentsOnly : source.every((text) => text.endsWith('/')),
    ),
    options: {
      ...options,
      delete: flag(values.delete, values['no-delete'], options.delete),
      checksum: flag(values.checksum, values['no-checksum'], options.checksum),
      update: flag(values.update, values['no-update'], options.update),
      numericIds: flag(values['numeric-ids'], values['no-numeric-ids'], options.numericIds),
      filters:
        rules.length === 0
          ? options.filters
          : rules
              .filter(([, rule]) => rule !== '')
              .map(([name, rule]) => (name === 'exclude' ? excludeRule(rule) : rule)),
      more: option === undefined ? options.more : words(option),
      timeout: timeout === undefined ? options.timeout : wholeNumber('timeout', timeout, 0, 86_400),
    },
  };
}

function readSource(texts: readonly string[], hosts: readonly Host[]): SourcePlace {
  const ends = texts.map((text) => readEndpoint(text, hosts));
  const [first] = ends;
  const place = (end: Endpoint): string => (end.kind === 'host' ? end.hostId : '');
  if (first === undefined || ends.some((end) => place(end) !== place(first))) {
    throw fail('usage', 'several-places', 'All sources of a profile lie on one place.', {
      hint: 'Give each place a profile of its own.',
    });
  }
  const paths = ends.map(({ path }) => path);
  return first.kind === 'host' ? { kind: 'host', hostId: first.hostId, paths } : { kind: 'local', paths };
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
  return { kind: 'local', path: localPath(text) };
}

/** A local path as a person writes it, made absolute. */
export const localPath = (text: string): PathText =>
  resolve(text === '~' || text.startsWith('~/') ? join(homedir(), text.slice(1)) : text) as PathText;

/** Without slashes at the end: whether the folder or its contents is meant is a field of its own. */
const trimmed = (path: string): PathText => path.replace(/(.)\/+$/s, '$1') as PathText;

/** A profile in one line, as rsync's arguments would be read. */
export function describe(profile: Profile, hosts: readonly Host[]): string {
  const end = (endpoint: Endpoint): string =>
    endpoint.kind === 'local'
      ? endpoint.path
      : `${hosts.find(({ id }) => id === endpoint.hostId)?.name ?? '?'}:${endpoint.path}`;
  const { source, destination, contentsOnly, options } = profile;
  const words = [options.delete ? 'deletes' : '', ...options.filters.map((rule) => `“${rule}”`), ...options.more];
  const more = words.filter(Boolean).map((word) => `, ${word}`);
  const sources = sourceEnds(source).map((each) => (contentsOnly ? end(each).replace(/\/?$/, '/') : end(each)));
  return displayPath(`${sources.join(', ')} → ${end(destination)}${more.join('')}`);
}
