import { fail } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import {
  counted,
  flag,
  integer,
  type OptionGroup,
  type OptionState,
  shown,
  size,
  toggle,
  value,
} from './option-row.ts';
import type { AltDestKind } from './transfer-options.ts';

/** Most folders of `--link-dest` and its kin (reference §1.4). */
const MAX_ALT_DEST = 20;

const altDest = (kind: AltDestKind) => (state: OptionState, path: ByteString) => {
  const before = state.altDest[0]?.kind ?? kind;
  if (before !== kind) {
    throw fail('usage', 'conflict', `ERROR: the --${kind}-dest option conflicts with the --${before}-dest option`);
  }
  if (state.altDest.length >= MAX_ALT_DEST) {
    throw fail('usage', 'too-many', `ERROR: at most ${MAX_ALT_DEST} --${kind}-dest args may be specified`);
  }
  state.altDest.push({ kind, path });
};

/** A server that gets `--append` twice is to verify (reference §1.4). */
function append({ server, options }: OptionState): void {
  options.append = server && options.append !== 'off' ? 'verify' : 'append';
}

function setSuffix({ options }: OptionState, suffix: ByteString): void {
  if (suffix.includes('/')) throw fail('usage', 'bad-value', `--suffix cannot contain slashes: ${shown(suffix)}`);
  options.suffix = suffix;
}

const withoutSlash = (path: ByteString): ByteString => (path.length > 1 ? path.replace(/\/+$/, '') || '/' : path);

/** `.` and an empty name stand for no folder at all. */
function setPartialDir({ options }: OptionState, path: ByteString): void {
  const folder = withoutSlash(path);
  options.partialDir = folder === '' || folder === '.' ? null : folder;
  options.partial = true;
}

/** What is updated, and how (rows E6, E7 and E11 of the features). */
export const UPDATE_OPTIONS: OptionGroup = {
  title: 'What is updated, and how',
  rows: [
    toggle('dry-run', 'n', 'dryRun', 'show what would happen, change nothing', false),
    toggle('checksum', 'c', 'checksum', 'compare files by checksum, not size and time'),
    toggle('update', 'u', 'update', 'keep files that are newer at the destination', false),
    flag('existing', { aliases: ['ignore-non-existing'] }, 'make no new files at the destination', ({ options }) => {
      options.existing = true;
    }),
    toggle('ignore-existing', undefined, 'ignoreExisting', 'leave files alone that exist', false),
    toggle('ignore-times', 'I', 'ignoreTimes', 'transfer files even if size and time agree', false),
    toggle('size-only', undefined, 'sizeOnly', 'compare files by size alone', false),
    value('modify-window', { short: '@', metavar: 'NUM' }, 'seconds two times may differ', ({ options }, text) => {
      options.modifyWindow = integer('modify-window', text, -0x80000000, 0x7fffffff);
    }),
    value('max-size', { metavar: 'SIZE' }, 'leave out larger files', ({ options }, text) => {
      options.maxSize = size('max-size', text);
    }),
    value('min-size', { metavar: 'SIZE' }, 'leave out smaller files', ({ options }, text) => {
      options.minSize = size('min-size', text);
    }),
    flag(
      'whole-file',
      { short: 'W' },
      'send files whole, without looking for matching blocks',
      ({ options }) => (options.wholeFile = true),
      ({ options }) => (options.wholeFile = false),
    ),
    counted('fuzzy', 'y', 'fuzzy', 'find a similar file to build a missing one from; twice: in --…-dest too'),
    toggle('inplace', undefined, 'inplace', 'write into files instead of replacing them'),
    flag('append', {}, 'only append to shorter files', append, ({ options }) => (options.append = 'off')),
    flag('append-verify', {}, 'append, and verify what was there', ({ options }) => (options.append = 'verify')),
    toggle('sparse', 'S', 'sparse', 'make holes of long runs of zeros'),
    toggle('preallocate', undefined, 'preallocate', 'reserve the space of files before writing them', false),
    toggle('write-devices', undefined, 'writeDevices', 'write into devices as files (implies --inplace)'),
    toggle('force', undefined, 'force', 'delete folders that are replaced by something else'),
    toggle('partial', undefined, 'partial', 'keep files that were cut off'),
    value('partial-dir', { metavar: 'DIR' }, 'keep files that were cut off in this folder', setPartialDir),
    toggle('delay-updates', undefined, 'delayUpdates', 'put all updated files in place at the end'),
    value('temp-dir', { short: 'T', metavar: 'DIR' }, 'make temporary files in this folder', ({ options }, text) => {
      options.tempDir = text;
    }),
    toggle('fsync', undefined, 'fsync', 'flush every written file to the disk', false),
    toggle('backup', 'b', 'backup', 'keep what is replaced or deleted'),
    value('backup-dir', { metavar: 'DIR' }, 'keep it below this folder', ({ options }, text) => {
      options.backupDir = text;
    }),
    value('suffix', { metavar: 'SUFFIX' }, 'suffix of kept files (~ without --backup-dir)', setSuffix),
    value('compare-dest', { metavar: 'DIR' }, 'also compare with files below this folder', altDest('compare')),
    value('copy-dest', { metavar: 'DIR' }, '… and copy unchanged files from it', altDest('copy')),
    value('link-dest', { metavar: 'DIR' }, '… and hard-link unchanged files to it', altDest('link')),
  ],
};
