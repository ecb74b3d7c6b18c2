import { toErrorData } from '../../shared/errors.ts';
import type { ByteString } from '../../shared/model/path.ts';
import { checksumLength, createFileSum } from './checksum/strong.ts';
import type { Connection } from './connection.ts';
import type { FilterRule } from './filter/rule.ts';
import { SenderFilters } from './filter/sender-filters.ts';
import { entryName, type FileEntry } from './flist/entry.ts';
import { SourceScan } from './flist/scan.ts';
import type { ScanAhead } from './flist/scan-ahead.ts';
import type { ReadHow, SourceFs } from './fs/fs.ts';
import { mergeFilesOf } from './merge-files.ts';
import { readsQuietly } from './options/transfer-options.ts';
import { sumFile } from './roles/list-sum.ts';
import type { SourceTree } from './roles/list-sender.ts';
import { SourceAttributes } from './roles/source-attributes.ts';
import { isLink } from './wire/constants.ts';
import { attributeRules } from './roles/xattr-names.ts';

/**
 * The tree that source arguments name, filtered by the sender's rules.
 * @param ahead what was listed of it before the conversation
 */
export function scanTree(
  conn: Connection,
  fs: SourceFs,
  args: readonly ByteString[],
  filters: readonly FilterRule[],
  ahead: ScanAhead | null = null,
): SourceTree {
  const { options, agreed } = conn;
  const mergeFiles = mergeFilesOf(conn);
  const chain = new SenderFilters(filters, (root) => scan.roots[root]!.base, { mergeFiles });
  const how: ReadHow = {
    follow: options.copyLinks || options.copyUnsafeLinks,
    noatime: readsQuietly(options),
    devices: options.copyDevices,
  };
  // As in rsync, a followed link has the ACL of what it leads to and extended attributes of its own.
  const follows = options.copyLinks || options.copyUnsafeLinks || options.copyDirlinks;
  const carrier = (entry: FileEntry, path: ByteString): ByteString =>
    follows && !isLink(entry.mode) ? fs.realpath(path) : path;
  const sum = options.checksum ? createFileSum(agreed.listSum) : null;
  const attributes = SourceAttributes.wanted(conn)
    ? new SourceAttributes(
        conn,
        fs,
        () => attributeRules(chain.xattrs),
        (entry) => scan.localPath(entry),
      )
    : undefined;
  const scan: SourceScan = new SourceScan(
    fs,
    args,
    { ...options, incRecurse: agreed.incRecurse },
    (name, isDir, root) => chain.excludes(name, isDir, root),
    {
      issue: (issue) => conn.issue(issue),
      attach: attributes && ((entry, path) => attributes.attach(entry, path, carrier(entry, path))),
      listed: ahead === null ? undefined : (dir) => ahead.take(dir),
      entering: (dir, root) => chain.entering(dir, root),
      message: (text) => conn.emit({ type: 'message', level: 'info', from: 'local', text: `${text}\n` }),
      sum:
        sum === null
          ? undefined
          : (entry, path) => {
              try {
                const file = fs.openRead(path, how);
                try {
                  return sumFile(file, sum, conn.poll);
                } finally {
                  file.close();
                }
              } catch (error) {
                conn.poll();
                conn.issue({
                  code: 'read-failed',
                  name: entryName(entry),
                  message: toErrorData(error).message,
                  ioError: 1,
                });
                return '\0'.repeat(checksumLength(agreed.listSum));
              }
            },
    },
  );
  return {
    batches: () => (agreed.incRecurse ? [scan.scanArguments()] : scan.scanAll()),
    children: (dirs) => scan.scanDirs(dirs),
    open: (entry) => fs.openRead(scan.localPath(entry), how),
    accepts: () => true,
    removal: {
      // As in rsync, what was copied in place of an unsafe link stays.
      stat: (entry) => (options.copyLinks ? fs.stat(scan.localPath(entry)) : fs.lstat(scan.localPath(entry))),
      unlink: (entry) => fs.unlink(scan.localPath(entry)),
    },
    attributes,
    get ioError() {
      return scan.ioError;
    },
  };
}
