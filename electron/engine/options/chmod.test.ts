import { describe, expect, it } from 'vitest';
import { changeMode, parseModeChanges } from './chmod.ts';

/** Modes before, and what rsync 3.5 made of them: files, then folders, with umask 022. */
const BEFORE = [0o640, 0o755, 0o2751, 0o4711, 0o6321, 0o1777];
const OBSERVED: readonly [clauses: string, after: string, dirsAfter?: string][] = [
  ['u+x', '740 755 2751 4711 6321 1777'],
  ['a+s', '6640 6755 6751 6711 6321 7777'],
  ['go+s', '2640 2755 2751 6711 6321 3777'],
  ['uo+s', '4640 4755 6751 4711 6321 5777'],
  ['o=s', '4640 4750 6750 4710 6320 5770'],
  ['a=s', '6000 6000 6000 6000 6000 7000'],
  ['=s', '4000 4000 6000 4000 6000 5000'],
  ['=t', '1000 1000 3000 5000 7000 1000'],
  ['g=', '600 705 2701 4701 6301 1707'],
  ['u=r', '440 455 2451 4411 6421 1477'],
  ['g=rs', '2640 2745 2741 6741 6341 3747'],
  ['g-t', '640 755 2751 4711 6321 777'],
  ['g=o', '600 755 711 4711 4311 1777'],
  ['u=g', '440 555 2551 111 2221 1777'],
  ['g+u', '660 775 2771 4771 6331 1777'],
  ['g-u', '600 705 2701 4701 6301 1707'],
  ['a=u', '666 777 777 777 333 777'],
  ['go=u', '666 777 777 4777 4333 777'],
  ['=u', '644 755 755 755 311 755'],
  ['+u', '644 755 2755 4755 6331 1777'],
  ['u=w,g=u,o=', '220 220 220 4220 4220 1220'],
  ['g=X', '600 715 2711 4711 6311 1717', '610 715 2711 4711 6311 1717'],
  ['a-x,+X', '640 755 2751 4711 6331 1777', '751 755 2751 4711 6331 1777'],
  ['F600,+X', '600 711 711 711 711 711', '751 755 2751 4711 6331 1777'],
  ['D0755,u+x', '740 755 2751 4711 6321 1777', '755 755 755 755 755 755'],
  ['D=', '640 755 2751 4711 6321 1777', '0 0 2000 4000 6000 1000'],
  ['0', '0 0 0 0 0 0'],
  ['F-', '640 755 2751 4711 6321 1777'],
];

const applied = (clauses: string, isDir: boolean, umask = 0o022): string =>
  BEFORE.map((mode) => changeMode(mode, isDir, parseModeChanges(clauses, umask)).toString(8)).join(' ');

describe('--chmod', () => {
  it.each(OBSERVED)('%s', (clauses, files, dirs = files) => {
    expect(applied(clauses, false)).toBe(files);
    expect(applied(clauses, true)).toBe(dirs);
  });

  it('touches only what the umask leaves when nobody is named', () => {
    expect(applied('=rw', false, 0o077)).toBe('600 600 2600 4600 6600 1600');
    expect(applied('-x', false, 0o077)).toBe('640 655 2651 4611 6221 1677');
    expect(applied('=u', false, 0o077)).toBe('600 700 700 700 300 700');
    expect(applied('+X', true, 0o077)).toBe('740 755 2751 4711 6321 1777');
  });

  it('leaves the kind of file alone', () => {
    expect(changeMode(0o100644, false, parseModeChanges('a=', 0))).toBe(0o100000);
  });

  it.each(['zz', '8', 'D', '', ',', 'u+x,', 'u+r-w', 'DF+x', '77777', 'X', 'g=ur', 'g+us', '0640x'])(
    'refuses %j',
    (text) => {
      expect(() => parseModeChanges(text, 0)).toThrow(`Invalid argument passed to --chmod (${text})`);
    },
  );
});
