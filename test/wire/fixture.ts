import { readdirSync, readFileSync } from 'node:fs';
import type { FlistLayout } from '../../electron/engine/flist/entry.ts';
import type { ByteString } from '../../shared/model/path.ts';

/** One captured connection, as capture.mjs writes it. */
export interface Fixture {
  name: string;
  /** Version of both rsyncs. */
  rsync: string;
  about: string;
  client: string;
  server: string;
  push: boolean;
  protocol: number;
  /** The parts of the layout that the options decide. */
  layout: Pick<FlistLayout, 'links' | 'devices' | 'specials' | 'owner' | 'group' | 'numericIds' | 'sumLength'> &
    Partial<Pick<FlistLayout, 'hardLinks'>>;
  /** Checksum of file contents. */
  sumName: string;
  /** Whether the client sends filter rules. */
  rules: boolean;
  dryRun: boolean;
  /** What the file system said about the source, in the order of the sorted list; names are byte strings. */
  entries: FixtureEntry[];
  toServer: Buffer;
  toClient: Buffer;
}

export interface FixtureEntry {
  name: ByteString;
  mode: number;
  size: number;
  mtime: number;
  nsec: number;
  uid: number;
  gid: number;
  link?: ByteString;
  rdev?: [major: number, minor: number];
}

type Stored = Omit<Fixture, 'name' | 'toServer' | 'toClient'> & { toServer: string[]; toClient: string[] };

const FOLDER = new URL('./fixtures/', import.meta.url);

/** Every captured connection. */
export function allFixtures(): Fixture[] {
  return readdirSync(FOLDER)
    .sort()
    .map((file) => {
      const stored = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Stored;
      const bytes = (lines: string[]): Buffer => Buffer.from(lines.join(''), 'hex');
      const name = file.replace(/\.json$/, '');
      return { ...stored, name, toServer: bytes(stored.toServer), toClient: bytes(stored.toClient) };
    });
}
