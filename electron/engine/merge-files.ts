import { textToBytes } from '../../shared/model/path.ts';
import type { Connection } from './connection.ts';
import type { MergeFiles } from './filter/merge-file.ts';
import { localMergeFiles } from './fs/rule-files.ts';

/** Per-directory rule files of this machine, for one conversation. */
export const mergeFilesOf = (conn: Connection): MergeFiles =>
  localMergeFiles(conn.options, ({ data: { message } }) => {
    conn.emit({ type: 'message', level: 'warning', from: 'local', text: `${textToBytes(message)}\n` });
  });
