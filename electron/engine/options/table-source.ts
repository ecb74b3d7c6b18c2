import { posix } from 'node:path';
import { fail } from '../../../shared/errors.ts';
import { counted, flag, type OptionGroup, type OptionState, toggle, value } from './option-row.ts';
import { ARCHIVE } from './transfer-options.ts';

const setRecursion = (to: OptionState['recursion']) => (state: OptionState) => {
  state.recursion = to;
};
const setDirs = (to: OptionState['dirs']) => (state: OptionState) => {
  state.dirs = to;
};
const setRelative = (to: boolean) => (state: OptionState) => {
  state.relative = to;
};
const setImplied = (to: boolean) => (state: OptionState) => {
  state.options.impliedDirs = to;
};
const setIncRecurse = (to: boolean) => (state: OptionState) => {
  state.options.incRecurse = to;
};

function archive(state: OptionState): void {
  Object.assign(state.options, ARCHIVE);
  if (state.recursion !== 'on') state.recursion = 'archive';
}

/** `--files-from`: `:FILE` and `HOST:FILE` lie on the remote side, where the server's `-` is our end of the line. */
function filesFrom(state: OptionState, text: string): void {
  if (text === '') throw fail('usage', 'bad-value', '--files-from needs the name of a file');
  if (state.server) {
    state.options.filesFrom = { path: text, at: text === '-' ? 'remote' : 'local', host: null };
    return;
  }
  const url = /^rsync:\/\/(?:[^/]*@)?(\[[^\]]*\]|[^/:]*)(?::\d+)?\/(.+)$/i.exec(text);
  const remote = url ?? /^((?:[^/:]*@)?(?:\[[^\]]*\]|[^/:]*))::?(.+)$/.exec(text);
  if (remote === null) state.options.filesFrom = { path: text, at: 'local', host: null };
  else state.options.filesFrom = { path: remote[2]!, at: 'remote', host: remote[1] === '' ? null : remote[1]! };
}

/** `/` confines nothing. */
function confineRoot({ options }: OptionState, text: string): void {
  if (!text.startsWith('/')) throw fail('usage', 'bad-value', '--confine-root must be an absolute path');
  const root = posix.normalize(text).replace(/\/$/, '');
  options.confineRoot = root === '' ? null : root;
}

/** What is taken from the source (rows E1 and E7 of the features). */
export const SOURCE_OPTIONS: OptionGroup = {
  title: 'What is copied',
  rows: [
    flag('archive', { short: 'a' }, 'recursive, keeping everything: -rlptgoD', archive),
    flag('recursive', { short: 'r' }, 'descend into folders', setRecursion('on'), setRecursion('off')),
    flag(
      'inc-recursive',
      { aliases: ['i-r'] },
      'list the tree while transferring (the default)',
      setIncRecurse(true),
      setIncRecurse(false),
    ),
    flag('relative', { short: 'R' }, 'keep the whole path of each source', setRelative(true), setRelative(false)),
    flag(
      'implied-dirs',
      { aliases: ['i-d'] },
      'with -R, also send the folders above each source (the default)',
      setImplied(true),
      setImplied(false),
    ),
    flag('dirs', { short: 'd' }, 'transfer folders without descending', setDirs('on'), setDirs('off')),
    flag('old-dirs', { aliases: ['old-d'] }, 'like --dirs, for a very old rsync there', setDirs('old')),
    toggle('mkpath', undefined, 'mkpath', 'make missing folders of the destination path'),
    toggle('links', 'l', 'links', 'copy symbolic links as links'),
    toggle('copy-links', 'L', 'copyLinks', 'copy what symbolic links point to', false),
    toggle('copy-unsafe-links', undefined, 'copyUnsafeLinks', 'copy what links out of the tree point to', false),
    toggle('safe-links', undefined, 'safeLinks', 'leave out links that point out of the tree', false),
    toggle('insecure-links', undefined, 'insecureLinks', 'follow links in the paths of options, whoever made them'),
    value('confine-root', { metavar: 'DIR' }, 'refuse paths of options that lead out of this folder', confineRoot),
    toggle('munge-links', undefined, 'mungeLinks', 'store links so that nothing can follow them'),
    toggle('copy-dirlinks', 'k', 'copyDirlinks', 'copy folders that links point to', false),
    toggle('keep-dirlinks', 'K', 'keepDirlinks', 'take links to folders at the destination as folders', false),
    counted('one-file-system', 'x', 'oneFileSystem', 'stay on one file system; twice: leave out mount points'),
    toggle('prune-empty-dirs', 'm', 'pruneEmptyDirs', 'leave out folders without files'),
    value('files-from', { metavar: 'FILE' }, 'copy what this list names', filesFrom),
    toggle('from0', '0', 'from0', 'names in list and filter files end in NUL bytes'),
    flag(
      'ignore-missing-args',
      {},
      'go on without sources that are missing',
      ({ options }) => (options.missingArgs = options.missingArgs === 'delete' ? 'delete' : 'ignore'),
    ),
    flag(
      'delete-missing-args',
      {},
      'delete at the destination what is missing among the sources',
      ({ options }) => (options.missingArgs = 'delete'),
    ),
    flag(
      'remove-source-files',
      { aliases: ['remove-sent-files'] },
      'remove files from the source once they are copied',
      ({ options }) => (options.removeSourceFiles = true),
    ),
    toggle('copy-devices', undefined, 'copyDevices', 'copy the content of devices as files', false),
    toggle('open-noatime', undefined, 'openNoatime', 'read files without changing their access time'),
    value('copy-as', { metavar: 'USER[:GROUP]' }, 'copy as this user and group', ({ options }, text) => {
      options.copyAs = text === '' ? null : text;
    }),
  ],
};
