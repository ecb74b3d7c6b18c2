import { describe, expect, it } from 'vitest';
import type { XattrDoor } from '../fs/fs.ts';
import type { ListedXattr } from '../flist/xattr.ts';
import { digestOf } from '../flist/xattr.ts';
import { heldNames, localName, sentNames, wireName, type XattrRules } from './xattr-names.ts';
import { XattrValues } from './xattr-values.ts';

const ALL = ['user.b', 'user.a', 'trusted.t', 'security.s', 'system.posix_acl_access', 'user.rsync.%stat'];
const door = (names: string[]): XattrDoor => ({ list: () => names, get: () => null, set: () => {}, remove: () => {} });
const rules = (more: Partial<XattrRules> = {}): XattrRules => ({ level: 1, fakeSuper: false, excludes: null, ...more });
const notUserB = (name: string): boolean => name === 'user.b';

describe('which attributes take part', () => {
  it.each([
    ['-X', rules(), ['security.s', 'trusted.t', 'user.a', 'user.b']],
    ['-XX', rules({ level: 2 }), ['security.s', 'trusted.t', 'user.a', 'user.b', 'user.rsync.%stat']],
    ['rules', rules({ excludes: notUserB }), ['security.s', 'system.posix_acl_access', 'trusted.t', 'user.a']],
  ])('of those a sender has: %s', (_, given, expected) => expect(sentNames(door(ALL), given)).toEqual(expected));

  it.each([
    ['root', rules(), true, ALL.filter((name) => !name.startsWith('system.'))],
    ['others', rules(), false, ['user.b', 'user.a', 'user.rsync.%stat']],
    ['fake root', rules({ fakeSuper: true }), true, ['user.b', 'user.a']],
    ['rules', rules({ excludes: notUserB }), false, ALL.filter((name) => name !== 'user.b')],
  ])('of those that stand here: %s', (_, given, isRoot, expected) =>
    expect(heldNames(door(ALL), given, isRoot)).toEqual(expected),
  );

  it.each([
    ['user.a', rules(), false, 'user.a'],
    ['trusted.t', rules(), true, 'trusted.t'],
    ['trusted.t', rules(), false, null],
    ['trusted.t', rules({ excludes: notUserB }), false, 'user.rsync.trusted.t'],
    ['trusted.t', rules({ fakeSuper: true }), false, 'user.rsync.trusted.t'],
    ['user.b', rules({ excludes: notUserB }), true, null],
    ['user.rsync.%stat', rules(), true, null],
    ['user.rsync.%stat', rules({ level: 2 }), true, 'user.rsync.%stat'],
    // A peer must not choose the kind and owner of a file by the back door.
    ['user.rsync.%stat', rules({ level: 2, fakeSuper: true }), true, null],
    ['%stat', rules({ level: 2, fakeSuper: true }), true, null],
  ])('%s is called here … (%#)', (name, given, isRoot, expected) =>
    expect(localName(name, given, isRoot)).toBe(expected),
  );

  it('what an ordinary user keeps for root leaves under its own name', () => {
    expect(wireName('user.rsync.trusted.t', rules({ fakeSuper: true }))).toBe('trusted.t');
    expect(wireName('user.rsync.trusted.t', rules())).toBe('user.rsync.trusted.t');
  });
});

describe('XattrValues', () => {
  const listed = (value: Buffer): ListedXattr => ({
    ...{ number: 1, name: 'user.v', size: value.length, content: digestOf(value), isLong: true },
  });

  it('keeps a bounded amount and reads the rest from files that got it', () => {
    const values = [1, 2, 3].map((fill) => Buffer.alloc(30 << 20, fill));
    const opened: string[] = [];
    const known = new XattrValues((rel, name) => {
      opened.push(`${rel}/${name}`);
      return { ...door([]), get: () => values[0]! };
    });
    for (const [i, value] of values.entries()) {
      expect(known.isComing(listed(value))).toBe(false);
      known.ask(listed(value));
      known.keep(listed(value), value);
      known.settle(listed(value), 'dir', `f${i}`, 'user.v');
    }
    expect(known.get(listed(values[2]!))).toBe(values[2]);
    expect(opened).toEqual([]);
    expect(known.get(listed(values[0]!))).toBe(values[0]);
    expect(opened).toEqual(['dir/f0']);
  });

  it('takes no other value for the one that is gone', () => {
    const known = new XattrValues(() => ({ ...door([]), get: () => Buffer.from('changed since') }));
    const first = Buffer.alloc(40 << 20, 1);
    known.keep(listed(first), first);
    known.settle(listed(first), '', 'f', 'user.v');
    const second = Buffer.alloc(40 << 20, 2);
    known.keep(listed(second), second);
    expect(known.get(listed(first))).toBeNull();
  });
});
