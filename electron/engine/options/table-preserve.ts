import { fail } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import { parseModeChanges } from './chmod.ts';
import { type IdMapRule, parseIdMap } from './id-map-rules.ts';
import { counted, flag, type OptionGroup, type OptionState, toggle, value } from './option-row.ts';

const setDevices = (to: boolean) => (state: OptionState) => {
  state.options.devices = to;
  state.options.specials = to;
};

type MapKind = 'usermap' | 'groupmap';

function setMap(state: OptionState, kind: MapKind, rules: readonly IdMapRule[]): void {
  if (kind === 'usermap') Object.assign(state.options, { userMap: rules, owner: true });
  else Object.assign(state.options, { groupMap: rules, group: true });
}

const idMap = (kind: MapKind) => (state: OptionState, text: ByteString) => {
  const before = state.given.get(kind);
  if (before === kind) throw fail('usage', 'repeated', `You can only specify --${kind} once.`);
  if (before !== undefined) throw fail('usage', 'conflict', `--${kind} conflicts with prior --chown.`);
  state.given.set(kind, kind);
  setMap(state, kind, parseIdMap(kind, text));
};

/** `--chown=USER:GROUP` is a map from everybody to one. */
function chown(state: OptionState, text: ByteString): void {
  const colon = text.indexOf(':');
  const user = colon < 0 ? text : text.slice(0, colon);
  const group = colon < 0 ? '' : text.slice(colon + 1);
  for (const [kind, name, what] of [
    ['usermap', user, 'user'],
    ['groupmap', group, 'group'],
  ] as const) {
    if (name === '') continue;
    const before = state.given.get(kind);
    if (before === 'chown') throw fail('usage', 'repeated', `You can only specify a ${what}-affecting --chown once.`);
    if (before !== undefined) throw fail('usage', 'conflict', `--chown conflicts with prior --${kind}.`);
    state.given.set(kind, 'chown');
    setMap(state, kind, parseIdMap(kind, `*:${name}`));
  }
}

/** No system call we have sets creation times; rsync refuses the option in these words where that is so. */
function crtimes(): void {
  throw fail('usage', 'not-supported', 'This rsync does not support --crtimes (-N)');
}

/** What is preserved (row E8 of the features). */
export const PRESERVE_OPTIONS: OptionGroup = {
  title: 'What is kept',
  rows: [
    toggle('perms', 'p', 'perms', 'keep permissions'),
    toggle('executability', 'E', 'executability', 'keep only whether files can be executed', false),
    value('chmod', { metavar: 'CHMOD' }, 'change permissions on the way', ({ options }, text) => {
      options.chmod = [...options.chmod, ...parseModeChanges(text, process.umask())];
    }),
    flag(
      'acls',
      { short: 'A' },
      'keep access control lists (implies --perms)',
      ({ options }) => Object.assign(options, { acls: true, perms: true }),
      ({ options }) => (options.acls = false),
    ),
    counted('xattrs', 'X', 'xattrs', 'keep extended attributes'),
    toggle('times', 't', 'times', 'keep modification times'),
    counted('atimes', 'U', 'atimes', 'keep access times; twice: also of the source'),
    flag(
      'crtimes',
      { short: 'N' },
      'keep creation times: refused, as by any rsync whose system cannot set them',
      crtimes,
      ({ options }) => {
        options.crtimes = false;
      },
    ),
    toggle('omit-dir-times', 'O', 'omitDirTimes', 'leave out folders from --times'),
    toggle('omit-link-times', 'J', 'omitLinkTimes', 'leave out symbolic links from --times'),
    toggle('owner', 'o', 'owner', 'keep the owner (needs root there)'),
    toggle('group', 'g', 'group', 'keep the group'),
    toggle('numeric-ids', undefined, 'numericIds', 'keep user and group numbers, not names'),
    value('usermap', { metavar: 'STRING' }, 'own map of users: FROM:TO,…', idMap('usermap')),
    value('groupmap', { metavar: 'STRING' }, 'own map of groups: FROM:TO,…', idMap('groupmap')),
    value('chown', { metavar: 'USER:GROUP' }, 'give everything to this user and group', chown),
    toggle('devices', undefined, 'devices', 'keep device files (needs root there)'),
    toggle('specials', undefined, 'specials', 'keep sockets and named pipes'),
    flag('D', { short: 'D' }, 'same as --devices --specials', setDevices(true), setDevices(false)),
    toggle('drop-D', undefined, 'dropDevices', 'make no devices and special files when receiving'),
    toggle('hard-links', 'H', 'hardLinks', 'keep hard links'),
    flag(
      'super',
      {},
      'try what needs root when receiving',
      ({ options }) => Object.assign(options, { superUser: true, fakeSuper: false }),
      ({ options }) => Object.assign(options, { superUser: false, fakeSuper: false }),
    ),
    flag('fake-super', {}, 'keep owners and devices in extended attributes', ({ options }) => {
      Object.assign(options, { superUser: null, fakeSuper: true });
    }),
  ],
};
