import { describe, expect, it } from 'vitest';
import { idMapText, parseIdMap } from './id-map-rules.ts';
import { infoForServer, infoLevel, levelsHelp, readLevels } from './info-words.ts';
import { parseStopAt } from './stop-time.ts';
import { DEFAULT_OPTIONS } from './transfer-options.ts';

describe('--stop-at', () => {
  const NOW = new Date(2026, 10, 21, 3, 48, 10).getTime();
  it.each([
    ['2030-12-31T23:59', [2030, 12, 31, 23, 59]],
    ['2030/1/2', [2030, 1, 2, 0, 0]],
    ['30-1-1', [2030, 1, 1, 0, 0]],
    ['1-30', [2027, 1, 30, 0, 0]],
    ['12-1T4:5', [2026, 12, 1, 4, 5]],
    ['2-29', [2028, 2, 29, 0, 0]],
    ['1', [2026, 12, 1, 0, 0]],
    ['31', [2026, 12, 31, 0, 0]],
    ['21', [2026, 12, 21, 0, 0]],
    ['21T5:00', [2026, 11, 21, 5, 0]],
    ['14:00', [2026, 11, 21, 14, 0]],
    ['T3:48', [2026, 11, 22, 3, 48]],
    [':59', [2026, 11, 21, 3, 59]],
    [':5', [2026, 11, 21, 4, 5]],
    ['1999-01-01', [1999, 1, 1, 0, 0]],
  ] as const)('%s', (text, [year, month, day, hour, minute]) => {
    expect(parseStopAt(text, NOW)).toBe(new Date(year, month - 1, day, hour, minute).getTime());
  });

  it.each(['x', '', '5T3', '1-1T:4', '2-30', '13-1', '24:00', ':60', '0', 'T:5', '1 5:00', '2027-2-29', '1:2:3'])(
    'refuses %j',
    (text) => expect(parseStopAt(text, NOW)).toBeNull(),
  );
});

describe('--info and --debug', () => {
  const read = (text: string): ReadonlyMap<string, number> => {
    const levels = readLevels('info', text, new Map());
    if (levels === 'help') throw new Error('asks for help');
    return levels;
  };

  it('reads words with levels', () => {
    expect(read('NAME2,del0,,misc')).toEqual(
      new Map([
        ['name', 2],
        ['del', 0],
        ['misc', 1],
      ]),
    );
    expect(readLevels('info', 'help', new Map())).toBe('help');
    expect(() => read('foo9')).toThrow('Unknown --info item: "foo"');
    expect(readLevels('debug', 'all4', new Map())).toHaveProperty('size', 24);
  });

  it('lets words win over the verbosity', () => {
    const level = (words: string, verbose: number, name: 'name' | 'skip' | 'stats' | 'nonreg') =>
      infoLevel({ ...DEFAULT_OPTIONS, verbose, info: read(words) }, name);
    expect([level('', 0, 'name'), level('', 1, 'name'), level('', 2, 'name'), level('name0', 2, 'name')]).toEqual([
      0, 1, 2, 0,
    ]);
    expect([level('', 0, 'nonreg'), level('none', 2, 'nonreg'), level('', 1, 'skip'), level('', 5, 'stats')]).toEqual([
      1, 0, 0, 1,
    ]);
    expect(infoLevel({ ...DEFAULT_OPTIONS, stats: true }, 'stats')).toBe(2);
    expect(infoLevel({ ...DEFAULT_OPTIONS, stats: true, verbose: 2 }, 'stats')).toBe(3);
  });

  it('tells the other side what concerns it', () => {
    expect(infoForServer(read('flist2,progress'), false)).toBeNull();
    expect(infoForServer(read('all,del0'), true)).toBe('ALL');
    expect(infoForServer(read('none,name2'), false)).toBe('NONE,NAME2');
  });

  it('prints the words at each verbosity', () => {
    expect(levelsHelp('info')).toContain('2) BACKUP,MISC2,MOUNT,NAME2,REMOVE,SKIP\n');
    expect(levelsHelp('debug')).toContain('4) CMD2,DEL3,DELTASUM3,EXIT2,FLIST3,ICONV2,OWN2,PROTO,TIME2\n');
  });
});

describe('--usermap', () => {
  it('reads names, ranges and everybody without a name', () => {
    expect(parseIdMap('usermap', '0:1,5-9:b,:c,a*:7')).toEqual([
      { from: { low: 0, high: 0 }, to: 1 },
      { from: { low: 5, high: 9 }, to: 'b' },
      { from: 'unnamed', to: 'c' },
      { from: { pattern: 'a*' }, to: 7 },
    ]);
    expect(idMapText(parseIdMap('usermap', '0:1,5-9:b,:c,a*:7'))).toBe('0:1,5-9:b,:c,a*:7');
  });
});
