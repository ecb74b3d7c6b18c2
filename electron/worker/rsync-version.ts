import type { ByteString } from '../../shared/model/path.ts';

/** What the first line of `rsync --version` tells. */
export interface RsyncVersion {
  program: 'rsync' | 'openrsync' | 'driftline';
  /** openrsync tells none. */
  version: string | null;
  protocol: number;
  /** What stands before it, such as the words of a login script; usually ''. */
  before: ByteString;
}

const LINE = /(?:^|\n)(open|driftline )?rsync:?\s+(?:version\s+v?(\S+)\s+)?protocol version\s+(\d+)/;

/** @returns null where the text is not of an rsync */
export function readRsyncVersion(text: ByteString): RsyncVersion | null {
  const match = LINE.exec(text);
  if (match === null) return null;
  const program = match[1] === undefined ? 'rsync' : match[1] === 'open' ? 'openrsync' : 'driftline';
  return { program, version: match[2] ?? null, protocol: Number(match[3]), before: text.slice(0, match.index) };
}
