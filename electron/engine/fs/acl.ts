import type { ByteString } from '../../../shared/model/path.ts';
import { type Acl, type AclName, completeAcl, isExtended, NO_ACL, NONE, sortNames, stripAcl } from '../flist/acl.ts';
import { FakeXattr } from '../flist/xattr.ts';
import type { AclStore, XattrDoor } from './fs.ts';

const ACCESS = 'system.posix_acl_access';
const DEFAULT = 'system.posix_acl_default';

/** Layout of these attributes: linux/posix_acl_xattr.h. */
const VERSION = 2;
const Tag = { USER_OBJ: 1, USER: 2, GROUP_OBJ: 4, GROUP: 8, MASK: 16, OTHER: 32 } as const;
const NO_ID = 0xffffffff;

/** Reads the kernel's binary form; null if it is not one. */
export function parseKernelAcl(bytes: Buffer): Acl | null {
  if (bytes.length < 4 || bytes.length % 8 !== 4 || bytes.readUInt32LE(0) !== VERSION) return null;
  const acl = { user: NONE, group: NONE, mask: NONE, other: NONE };
  const names: AclName[] = [];
  for (let at = 4; at < bytes.length; at += 8) {
    const access = bytes.readUInt16LE(at + 2) & 7;
    const id = bytes.readUInt32LE(at + 4);
    switch (bytes.readUInt16LE(at)) {
      case Tag.USER_OBJ:
        acl.user = access;
        break;
      case Tag.GROUP_OBJ:
        acl.group = access;
        break;
      case Tag.MASK:
        acl.mask = access;
        break;
      case Tag.OTHER:
        acl.other = access;
        break;
      case Tag.USER:
        names.push({ isUser: true, id, access });
        break;
      case Tag.GROUP:
        names.push({ isUser: false, id, access });
        break;
      default:
        return null;
    }
  }
  return { ...acl, names: sortNames(names) };
}

/** Writes the kernel's binary form of a complete ACL. */
export function formatKernelAcl({ user, group, mask, other, names }: Acl): Buffer {
  const rows: [tag: number, access: number, id: number][] = [[Tag.USER_OBJ, user, NO_ID]];
  for (const { isUser, id, access } of names) if (isUser) rows.push([Tag.USER, access, id]);
  rows.push([Tag.GROUP_OBJ, group, NO_ID]);
  for (const { isUser, id, access } of names) if (!isUser) rows.push([Tag.GROUP, access, id]);
  if (mask !== NONE) rows.push([Tag.MASK, mask, NO_ID]);
  rows.push([Tag.OTHER, other, NO_ID]);
  const bytes = Buffer.alloc(4 + rows.length * 8);
  bytes.writeUInt32LE(VERSION, 0);
  rows.forEach(([tag, access, id], i) => {
    bytes.writeUInt16LE(tag, 4 + i * 8);
    bytes.writeUInt16LE(access, 6 + i * 8);
    bytes.writeUInt32LE(id, 8 + i * 8);
  });
  return bytes;
}

/** The ACLs the kernel enforces, as the attributes they are behind the C library's calls. */
export const kernelAcls: AclStore = {
  access: (at) => {
    const acl = read(at, ACCESS, parseKernelAcl);
    return isExtended(acl) ? acl : NO_ACL;
  },
  default: (at) => read(at, DEFAULT, parseKernelAcl),
  setAccess: (at, acl) => write(at, ACCESS, isExtended(acl) ? formatKernelAcl(acl) : null),
  setDefault: (at, acl) => write(at, DEFAULT, acl === NO_ACL ? null : formatKernelAcl(acl)),
};

/** Stands for NONE there; and the bit of a user among the names. */
const FAKE_NONE = 0x80;
const FAKE_USER = 0x80000000;

export function parseFakeAcl(bytes: Buffer): Acl | null {
  if (bytes.length < 16 || bytes.length % 8 !== 0) return null;
  const [user, group, mask, other] = [0, 4, 8, 12].map((at) => {
    const value = bytes.readUInt32LE(at);
    return value === FAKE_NONE ? NONE : value & 7;
  }) as [number, number, number, number];
  const names: AclName[] = [];
  for (let at = 16; at < bytes.length; at += 8) {
    const word = bytes.readUInt32LE(at + 4);
    names.push({ isUser: word >= FAKE_USER, id: bytes.readUInt32LE(at), access: word & 7 });
  }
  return { user, group, mask, other, names: sortNames(names) };
}

export function formatFakeAcl({ user, group, mask, other, names }: Acl): Buffer {
  const bytes = Buffer.alloc(16 + names.length * 8);
  [user, group, mask, other].forEach((access, i) => bytes.writeUInt32LE(access === NONE ? FAKE_NONE : access, i * 4));
  names.forEach(({ isUser, id, access }, i) => {
    bytes.writeUInt32LE(id, 16 + i * 8);
    bytes.writeUInt32LE(isUser ? FAKE_USER + access : access, 20 + i * 8);
  });
  return bytes;
}

export const fakeAcls: AclStore = {
  access(at, mode) {
    const acl = read(at, FakeXattr.ACCESS, parseFakeAcl);
    return isExtended(acl) ? completeAcl(acl, mode) : NO_ACL;
  },
  default: (at) => read(at, FakeXattr.DEFAULT, parseFakeAcl),
  setAccess(at, acl, mode) {
    // rsync keeps the mask in full.
    const kept = isExtended(acl) ? formatFakeAcl({ ...stripAcl(acl, mode), mask: acl.mask }) : null;
    write(at, FakeXattr.ACCESS, kept);
  },
  setDefault: (at, acl) => write(at, FakeXattr.DEFAULT, acl === NO_ACL ? null : formatFakeAcl(acl)),
};

function read(at: XattrDoor, name: ByteString, parse: (bytes: Buffer) => Acl | null): Acl {
  const bytes = at.get(name);
  return bytes === null ? NO_ACL : (parse(bytes) ?? NO_ACL);
}

function write(at: XattrDoor, name: ByteString, bytes: Buffer | null): void {
  if (bytes === null) at.remove(name);
  else at.set(name, bytes);
}

/** Permissions that the default ACL of a folder allows new entries, in place of the process's umask; null without one. */
export function defaultMode(at: XattrDoor): number | null {
  const acl = kernelAcls.default(at);
  if (acl === NO_ACL) return null;
  return (
    (Math.max(acl.user, 0) << 6) | (Math.max(acl.mask === NONE ? acl.group : acl.mask, 0) << 3) | Math.max(acl.other, 0)
  );
}
