import { describe, expect, it } from 'vitest';
import { EntryFlag, type FileEntry } from '../flist/entry.ts';
import { FileLists, type FileList } from '../flist/file-lists.ts';
import { receivedLink } from '../flist/hard-links.ts';
import { LinkGroups } from './link-groups.ts';

const entry = (base: string, group: number, more: Partial<FileEntry> = {}): FileEntry => ({
  ...{ dir: '', base, mode: 0o100644, size: 0, mtime: 0, nsec: 0, uid: 0, gid: 0, flags: 0, root: 0 },
  extra: group < 0 ? null : { hardLink: receivedLink(group, -1) },
  ...more,
});
const list = (...entries: FileEntry[]): FileList => ({ ...new FileLists(false).add([], -1), entries });

describe('LinkGroups', () => {
  it('counts names over the lists of a transfer', () => {
    const groups = new LinkGroups();
    const [a, b, c] = [entry('a', 4), entry('b', 4), entry('c', 4)];
    groups.add(list(a, b, entry('alone', -1)));
    expect(groups.of(a)).toMatchObject({ unexamined: 2, leader: null });
    groups.add(list(c, entry('other', 5)));
    expect(groups.of(c)).toBe(groups.of(a));
    expect(groups.of(a)?.unexamined).toBe(3);
    expect(groups.of(entry('alone', -1))).toBeNull();
  });
  it('takes no folder and no duplicate, whatever the sender says', () => {
    const groups = new LinkGroups();
    groups.add(list(entry('d', 1, { mode: 0o040755 }), entry('x', 1, { flags: EntryFlag.INACTIVE })));
    expect(groups.of(entry('d', 1))).toBeNull();
  });
});
