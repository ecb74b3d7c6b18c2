/** What a person enters for an option that has a value. */
export interface OptionValue {
  kind: 'number' | 'size' | 'text' | 'choice';
  /** Shown in the empty field. */
  example: string;
  choices?: readonly string[];
}

/** A further option of a profile, in plain words. */
export interface OptionWords {
  /** Name of rsync's long option, without dashes. */
  flag: string;
  /** The profile turns it off (`--no-FLAG`): it is a part of archive mode. */
  off?: true;
  title: string;
  help: string;
  /** Null: it is there or not. */
  value: OptionValue | null;
}

const on = (flag: string, title: string, help: string): OptionWords => ({ flag, title, help, value: null });
const off = (flag: string, title: string, help: string): OptionWords => ({ flag, off: true, title, help, value: null });
const number = (flag: string, title: string, help: string, example: string): OptionWords => ({
  ...{ flag, title, help, value: { kind: 'number', example } },
});
const size = (flag: string, title: string, help: string, example: string): OptionWords => ({
  ...{ flag, title, help, value: { kind: 'size', example } },
});
const text = (flag: string, title: string, help: string, example: string): OptionWords => ({
  ...{ flag, title, help, value: { kind: 'text', example } },
});

/**
 * Every option a profile may have besides those with a field of their own. The engine's table says what they do, this
 * one what they mean; a test keeps them in step. An option that is not here is refused by name.
 */
export const OPTION_WORDS: readonly { group: string; options: readonly OptionWords[] }[] = [
  {
    group: 'Speed and network',
    options: [
      size('bwlimit', 'Limit the speed', 'At most so much each second; a number alone counts in KiB.', '2m'),
      on('compress', 'Compress on the way', 'Worth it on slow connections; fast networks are slower with it.'),
      {
        ...{ flag: 'compress-choice', title: 'Compress with', help: 'The method, where both sides know it.' },
        value: { kind: 'choice', example: 'zstd', choices: ['zstd', 'lz4', 'zlibx', 'zlib', 'none'] },
      },
      number('compress-level', 'How hard to compress', 'Higher takes more time and sends less.', '3'),
      on('whole-file', 'Send whole files', 'Without looking for the parts that are there already.'),
      number('stop-after', 'Stop after (minutes)', 'What is not done by then waits for the next run.', '120'),
      number('block-size', 'Block size in bytes', 'One size for all files instead of a fitting one for each.', '8192'),
    ],
  },
  {
    group: 'Which files',
    options: [
      size('max-size', 'Leave out larger files', 'Files above this size are not copied.', '500m'),
      size('min-size', 'Leave out smaller files', 'Files below this size are not copied.', '1k'),
      on('one-file-system', 'Stay on one disk', 'Folders where another disk is mounted are left out.'),
      on('prune-empty-dirs', 'Leave out empty folders', 'Also those that are empty because of the filters.'),
      on('existing', 'Only update', 'Nothing new is made at the destination.'),
      on('ignore-existing', 'Only add', 'Whatever exists at the destination stays as it is.'),
    ],
  },
  {
    group: 'When a file counts as changed',
    options: [
      on('size-only', 'Compare sizes alone', 'Another time alone is no reason to copy a file.'),
      on('ignore-times', 'Copy every file', 'Even when size and time agree.'),
      number('modify-window', 'Times may differ by (seconds)', 'FAT disks keep times to 2 seconds; 1 suits them.', '1'),
    ],
  },
  {
    group: 'Links',
    options: [
      off('links', 'Leave out symbolic links', 'They are neither copied nor followed.'),
      on('copy-links', 'Copy what links lead to', 'Files and folders in place of the links.'),
      on('copy-unsafe-links', 'Copy what links out of the tree lead to', 'Links inside the tree stay links.'),
      on('copy-dirlinks', 'Copy folders that links lead to', 'Links to files stay links.'),
      on('safe-links', 'Leave out links that lead out of the tree', 'They would lead nowhere at the destination.'),
    ],
  },
  {
    group: 'What is kept of each file',
    options: [
      off('perms', 'Do not keep permissions', 'New files get those that are usual at the destination.'),
      on('executability', 'Keep whether files are programs', 'For use without permissions.'),
      text('chmod', 'Set permissions', 'As chmod takes them: D for folders, F for files.', 'D755,F644'),
      off('owner', 'Do not keep the owner', 'Files belong to the user who logs in.'),
      off('group', 'Do not keep the group', 'Files get the usual group of the destination.'),
      off('times', 'Do not keep times', 'Unchanged files are copied again at every run then.'),
      on('omit-dir-times', 'Do not keep times of folders', 'For destinations that cannot set them.'),
      on('omit-link-times', 'Do not keep times of links', 'For destinations that cannot set them.'),
      off('devices', 'Leave out devices', 'Device files are not made.'),
      off('specials', 'Leave out sockets and pipes', 'Special files are not made.'),
      on('super', 'Try what needs root', 'Owners and devices, even when the user is not called root.'),
      on('open-noatime', 'Leave access times alone', 'Reading does not change them, where the system allows it.'),
    ],
  },
  {
    group: 'How files are written',
    options: [
      on('inplace', 'Write into existing files', 'Saves space and blocks; a run that breaks off leaves a mixed file.'),
      on('partial', 'Keep what was cut off', 'An interrupted file is there in part until the next run.'),
      text('partial-dir', 'Keep what was cut off in', 'A folder for interrupted files, made where needed.', '.partial'),
      on('delay-updates', 'Put files in place together', 'All at the end of the run instead of one by one.'),
      text('temp-dir', 'Write temporary files in', 'A folder at the destination on the same disk.', '/var/tmp'),
      on('sparse', 'Make holes of zeros', 'Long runs of zeros take no space at the destination.'),
      on('fsync', 'Flush every file to the disk', 'Slower, and safe against a power cut.'),
      on('fuzzy', 'Look for similar files', 'A renamed file is built from its old self.'),
      on('mkpath', 'Make missing folders', 'Those of the destination’s path.'),
    ],
  },
  {
    group: 'Deletion',
    options: [
      on('delete-excluded', 'Also delete what filters leave out', 'Only together with mirroring.'),
      number('max-delete', 'Delete no more than', 'A run that would delete more stops before it starts.', '100'),
    ],
  },
];

const BY_FLAG = new Map(OPTION_WORDS.flatMap(({ options }) => options.map((option) => [option.flag, option])));

/** The option's name, whether it is turned off, and its value or null, of a word like `--max-size=1g` or `--no-perms`. */
export function splitOptionWord(word: string): { flag: string; off: boolean; value: string | null } {
  const equals = word.indexOf('=');
  const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
  const isOff = name.startsWith('no-');
  return { flag: isOff ? name.slice(3) : name, off: isOff, value: equals < 0 ? null : word.slice(equals + 1) };
}

/** What an option word of a profile means, or null for one that profiles do not have. */
export function wordsOf(word: string): OptionWords | null {
  const { flag, off: isOff } = splitOptionWord(word);
  const words = BY_FLAG.get(flag);
  return words !== undefined && (words.off === true) === isOff ? words : null;
}
