import type { ByteString } from '../../../shared/model/path.ts';
import { fail } from '../../../shared/errors.ts';
import { type OptionGroup, type OptionState, value } from './option-row.ts';
import type { BatchKind } from './transfer-options.ts';

/** Longest name of a batch file, in bytes, as in rsync. */
const MAX_NAME = 256;

const batch =
  (kind: BatchKind) =>
  ({ options }: OptionState, path: ByteString): void => {
    if (options.batch !== null && (options.batch.kind === 'read') !== (kind === 'read')) {
      throw fail('usage', 'conflict', '--write-batch and --read-batch can not be used together');
    }
    if (path.length > MAX_NAME) {
      throw fail('usage', 'bad-value', `the batch-file name must be ${MAX_NAME} characters or less.`);
    }
    options.batch = { kind, path };
  };

/** Batch files: what was sent once, to be applied again elsewhere (row E15 of the features). */
export const BATCH_OPTIONS: OptionGroup = {
  title: 'Batch files',
  rows: [
    value(
      'write-batch',
      { metavar: 'FILE' },
      'also write what is sent to FILE, and FILE.sh, which applies it elsewhere',
      batch('write'),
    ),
    value('only-write-batch', { metavar: 'FILE' }, 'the same, and leave the destination as it is', batch('only-write')),
    value('read-batch', { metavar: 'FILE' }, 'apply what FILE holds; - reads it from standard input', batch('read')),
  ],
};
