import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileIds, IdMapper, localNames } from './id-map.ts';

let folder = '';
let local = new FileIds('/nonexistent', '/nonexistent');

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-ids-'));
  const passwd = [
    ...['root:x:0:0::/root:/bin/sh', 'anna:x:1000:1000::/home/anna:/bin/sh', 'alias:x:1000:1::/:', 'anna:x:7:7::/:'],
    ...[
      '# comment',
      '+nis:x:5:5',
      'broken',
      'bad:x:-1:1',
      'huge:x:99999999999:1',
      'nobody:x:65534:65534',
      'd\xe9:x:8:8',
    ],
  ];
  writeFileSync(join(folder, 'passwd'), Buffer.from(passwd.join('\n'), 'latin1'));
  writeFileSync(join(folder, 'group'), 'root:x:0:\nstaff:x:50:anna\nanna:x:1000:\n');
  local = new FileIds(join(folder, 'passwd'), join(folder, 'group'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('FileIds', () => {
  it('reads names and ids, the first line of each counting', () => {
    expect([0, 1000, 65534, 8, 5, 12345].map((id) => local.user(id))).toEqual([
      'root',
      'anna',
      'nobody',
      'd\xe9',
      null,
      null,
    ]);
    expect(['anna', 'alias', 'huge', 'bad'].map((name) => local.userId(name))).toEqual([1000, 1000, null, null]);
    expect([local.group(50), local.groupId('staff'), local.groupId('nogroup')]).toEqual(['staff', 50, null]);
  });

  it('has no names where there are no files', () => {
    const none = new FileIds('/nonexistent', '/nonexistent');
    expect([none.user(0), none.groupId('root')]).toEqual([null, null]);
  });

  it('knows this system', () => {
    expect(localNames().userId('root')).toBe(0);
    expect(localNames()).toBe(localNames());
  });
});

describe('IdMapper (§6.12)', () => {
  const received = {
    users: new Map([
      [0, 'anna'],
      [2000, 'anna'],
      [2001, 'stranger'],
      [2002, 'root'],
      [2003, ''],
    ]),
    groups: new Map([
      [600, 'staff'],
      [601, 'nosuch'],
    ]),
  };

  it('takes the local id of the same name, else the number; id 0 stays', () => {
    const mapper = new IdMapper(received, false, true, [], local);
    expect([0, 2000, 2001, 2002, 2003, 3000].map((id) => mapper.uid(id))).toEqual([0, 1000, 2001, 0, 2003, 3000]);
    expect([600, 601, 0].map((id) => mapper.gid(id))).toEqual([50, 601, 0]);
  });

  it('takes numbers as they are with numeric ids', () => {
    const mapper = new IdMapper(received, true, true, [], local);
    expect([mapper.uid(2000), mapper.gid(600)]).toEqual([2000, 600]);
  });

  it('leaves owners alone without privilege, and groups we are not in', () => {
    const mapper = new IdMapper(received, false, false, [50], local);
    expect([mapper.uid(2000), mapper.uid(0), mapper.gid(600), mapper.gid(601), mapper.gid(0)]).toEqual([
      ...[null, null, 50, null, null],
    ]);
  });
});
