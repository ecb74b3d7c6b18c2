import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseIdMap } from '../options/id-map-rules.ts';
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

describe('rules of --usermap and --groupmap', () => {
  const names = {
    users: new Map([
      [0, 'root'],
      [1, 'daemon'],
      [5, 'anna'],
    ]),
    groups: new Map([[9, 'staff']]),
  };
  const mapper = (usermap: string, groupmap = '', numeric = false) =>
    new IdMapper(names, numeric, true, [], local, {
      users: usermap === '' ? [] : parseIdMap('usermap', usermap),
      groups: groupmap === '' ? [] : parseIdMap('groupmap', groupmap),
    });

  it.each([
    ['anna:7', [0, 1, 7, 77]],
    ['root:nobody,d*:3', [65534, 3, 1000, 77]],
    ['*:4', [4, 4, 4, 4]],
    [':4,*:5', [5, 5, 5, 4]],
    ['0-4:8,77:6', [8, 8, 1000, 6]],
    ['anna:nobody-here,anna:6', [0, 1, 6, 77]],
    ['a[mn]na:2', [0, 1, 2, 77]],
  ])('%s', (rules, expected) => {
    const ids = mapper(rules);
    expect([0, 1, 5, 77].map((id) => ids.uid(id))).toEqual(expected);
  });

  it('know no names with --numeric-ids', () => {
    const ids = mapper('anna:7,:4', 'staff:1,9:2', true);
    expect([ids.uid(5), ids.gid(9)]).toEqual([4, 2]);
  });

  it('say for groups what they say for users', () => {
    expect(mapper('', 'st*:anna').gid(9)).toBe(1000);
  });
});

describe.runIf(process.platform !== 'win32')('a directory service', () => {
  it('is asked through getent where nsswitch.conf names one, once for each', () => {
    const log = join(folder, 'asked');
    writeFileSync(log, '');
    const script =
      '#!/bin/sh\necho "$@" >> ASKED\ncase "$2" in lisa|2000) echo "lisa:*:2000:2000::/:";; *) exit 2;; esac\n';
    writeFileSync(join(folder, 'getent'), script.replace('ASKED', log), { mode: 0o755 });
    writeFileSync(join(folder, 'nsswitch'), 'passwd: files [NOTFOUND=continue] sss # ldap\ngroup: files systemd\n');
    const path = process.env['PATH'];
    process.env['PATH'] = `${folder}:${path}`;
    try {
      const ids = new FileIds(join(folder, 'passwd'), join(folder, 'group'), join(folder, 'nsswitch'));
      expect([ids.user(2000), ids.userId('lisa'), ids.user(3000), ids.user(3000), ids.user(1000)]).toEqual([
        ...['lisa', 2000, null, null],
        'anna',
      ]);
      expect([ids.group(2000), ids.groupId('lisa'), ids.userId('--help')]).toEqual([null, null, null]);
      expect(readFileSync(log, 'utf8')).toBe('passwd 2000\npasswd lisa\npasswd 3000\n');
    } finally {
      process.env['PATH'] = path;
    }
  });
});
