import { fail } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';
import { FakeXattr } from '../flist/xattr.ts';
import { isDevice, isDir, isLink, isReg, Limit, Mode } from '../wire/constants.ts';
import { fakeAcls } from './acl.ts';
import type { NewAttributes, ReadFile, SourceFs, Stat, XattrDoor } from './fs.ts';

const FAKE_STAT = FakeXattr.STAT;

/** What an attribute keeps of a file (`--fake-super`): octal mode with the kind, device, owner. */
export type FakeStat = Pick<Stat, 'mode' | 'rdevMajor' | 'rdevMinor' | 'uid' | 'gid'>;

/** null if it is not of that form. */
export function parseFakeStat(text: ByteString): FakeStat | null {
  const match = /^([0-7]{1,7}) (\d{1,10}),(\d{1,10}) (\d{1,10}):(\d{1,10})$/.exec(text);
  if (match === null) return null;
  const [rdevMajor, rdevMinor, uid, gid] = match.slice(2).map((digits) => Number(digits) >>> 0);
  return { mode: parseInt(match[1]!, 8), rdevMajor: rdevMajor!, rdevMinor: rdevMinor!, uid: uid!, gid: gid! };
}

export const formatFakeStat = ({ mode, rdevMajor, rdevMinor, uid, gid }: FakeStat): ByteString =>
  `${mode.toString(8)} ${rdevMajor},${rdevMinor} ${uid}:${gid}`;

/** Only plain files and folders stand for something else, and a folder always for a folder. */
const mayStandFor = (mode: number): boolean => isReg(mode) || isDir(mode);

/**
 * What a file is to be taken for.
 * @param real what the system says of it
 * @param shown its name in messages
 */
export function readFakeStat(real: Stat, at: XattrDoor, shown: ByteString): Stat {
  if (!mayStandFor(real.mode)) return real;
  const text = at.get(FAKE_STAT);
  if (text === null) return real;
  const fake = parseFakeStat(text.toString('latin1'));
  if (fake === null || isDir(fake.mode) !== isDir(real.mode)) {
    const path = bytesToText(shown);
    throw fail('fs', 'fake-stat', `Corrupt ${FAKE_STAT} attribute on “${displayPath(path)}”`, {
      path,
      hint: `Remove it to use the file as it stands: setfattr -x ${FAKE_STAT}`,
      details: { errno: 'EINVAL' },
    });
  }
  return { ...real, ...fake };
}

/**
 * Sets owner and mode the way of `--fake-super`: what the file cannot have stands in its attribute.
 * @param real what the system says of it
 * @param chmod sets the real mode
 * @returns what is left to set
 */
export function setFakeAttributes(
  attributes: NewAttributes,
  real: Stat,
  at: XattrDoor,
  chmod: (mode: number) => void,
  shown: ByteString,
): NewAttributes {
  const rest = { ...attributes, uid: null, gid: null, mode: null };
  const { uid, gid, mode } = attributes;
  if (!mayStandFor(real.mode) || (uid === null && gid === null && mode === null)) return rest;
  const now = readFakeStat(real, at, shown);
  const fake: FakeStat = {
    mode: (now.mode & Mode.TYPE) | ((mode ?? now.mode) & Mode.PERMS),
    rdevMajor: isDevice(now.mode) ? now.rdevMajor : 0,
    rdevMinor: isDevice(now.mode) ? now.rdevMinor : 0,
    uid: uid ?? now.uid,
    gid: gid ?? now.gid,
  };
  const realMode = (real.mode & Mode.TYPE) | (fake.mode & 0o777) | (isDir(real.mode) ? 0o700 : 0o600);
  if (realMode !== real.mode) chmod(realMode & Mode.PERMS);
  if (fake.mode === realMode && fake.uid === real.uid && fake.gid === real.gid) at.remove(FAKE_STAT);
  else at.set(FAKE_STAT, Buffer.from(formatFakeStat(fake), 'latin1'));
  return rest;
}

/** A source whose files stand for what their attributes say. */
export function fakeSuperSource(fs: SourceFs): SourceFs {
  const faked = (stat: Stat | null, path: ByteString): Stat | null => stat && readFakeStat(stat, fs.xattrs(path), path);
  return {
    ...fs,
    acls: fakeAcls,
    lstat: (path) => faked(fs.lstat(path), path),
    stat(path) {
      const link = fs.lstat(path);
      // An attribute belongs to the file a link leads to, which cannot be reached by the link's own path.
      return link && isLink(link.mode) ? fs.stat(path) : faked(link, path);
    },
    readlink(path) {
      const real = fs.lstat(path);
      return real && isReg(real.mode) ? readTarget(fs.openRead(path)) : fs.readlink(path);
    },
  };
}

/** The target of a symlink that a plain file stands for. */
export function readTarget(file: ReadFile): ByteString {
  try {
    const bytes = Buffer.alloc(Limit.PATH - 1);
    return bytes.toString('latin1', 0, file.read(bytes, 0, bytes.length, 0));
  } finally {
    file.close();
  }
}
