import type { TransferOptions } from '../options/transfer-options.ts';

/** Options that decide how the stream of a batch file is laid out; the bit of each is its place here (reference §8.1). */
interface StreamFlag {
  readonly option: string;
  readonly isOn: (options: TransferOptions) => boolean;
  /** What a reader changes where the file says otherwise. */
  readonly set: (on: boolean, options: TransferOptions) => Partial<TransferOptions>;
  /** Oldest protocol that has it. */
  readonly since: number;
}

type Switch = 'recursive' | 'owner' | 'group' | 'links' | 'devices' | 'hardLinks' | 'checksum' | 'acls' | 'inplace';

const plain = (option: string, key: Switch, since = 0): StreamFlag => ({
  option,
  isOn: (options) => options[key],
  set: (on) => ({ [key]: on }),
  since,
});

const appends = (option: string, how: 'append' | 'verify'): StreamFlag => ({
  option,
  isOn: ({ append }) => append === how,
  set: (on, { append }) => (on ? { append: how } : append === how ? { append: 'off' } : {}),
  since: 30,
});

export const STREAM_FLAGS: readonly StreamFlag[] = [
  plain('--recurse (-r)', 'recursive'),
  plain('--owner (-o)', 'owner'),
  plain('--group (-g)', 'group'),
  plain('--links (-l)', 'links'),
  plain('--devices (-D)', 'devices'),
  plain('--hard-links (-H)', 'hardLinks'),
  plain('--checksum (-c)', 'checksum'),
  // Folders are part of every recursive list.
  {
    option: '--dirs (-d)',
    isOn: ({ dirs, recursive }) => dirs || recursive,
    set: (on) => ({ dirs: on }),
    since: 29,
  },
  {
    option: '--compress (-z)',
    isOn: ({ compress, compressLevel }) => compress !== null || compressLevel !== null,
    set: (on) => (on ? { compress: 'auto' } : { compress: null, compressLevel: null }),
    since: 29,
  },
  // Which charset a reader has, it has to say itself.
  {
    option: '--iconv',
    isOn: ({ iconv }) => iconv !== null,
    set: (on) => (on ? {} : { iconv: null }),
    since: 30,
  },
  plain('--acls (-A)', 'acls', 30),
  { option: '--xattrs (-X)', isOn: ({ xattrs }) => xattrs > 0, set: (on) => ({ xattrs: on ? 1 : 0 }), since: 30 },
  plain('--inplace', 'inplace', 30),
  appends('--append', 'append'),
  appends('--append-verify', 'verify'),
];

/** The flags a writer begins its file with. */
export const streamFlags = (options: TransferOptions): number =>
  STREAM_FLAGS.reduce((flags, { isOn }, bit) => flags | (isOn(options) ? 1 << bit : 0), 0);
