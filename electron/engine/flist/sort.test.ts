import { describe, expect, it } from 'vitest';
import { EntryFlag, entryName, type FileEntry } from './entry.ts';
import { compareEntries, markDuplicates, sortEntries } from './sort.ts';

/** `a/x` a file, `a/` a directory, `.` the root. */
function entry(spec: string, flags = 0): FileEntry {
  const directory = spec === '.' || spec.endsWith('/');
  const name = spec.replace(/\/$/, '');
  const slash = name.lastIndexOf('/');
  return {
    dir: slash < 0 ? '' : name.slice(0, slash),
    base: name.slice(slash + 1),
    mode: directory ? 0o40755 : 0o100644,
    ...{ size: 0, mtime: 0, nsec: 0, uid: 0, gid: 0, flags, root: 0, extra: null },
  };
}

const spec = (e: FileEntry): string => (e.mode === 0o40755 && e.base !== '.' ? `${entryName(e)}/` : entryName(e));

function sorted(specs: string[]): string[] {
  const entries = specs.map((name) => entry(name));
  sortEntries(entries);
  return entries.map(spec);
}

/** The order as the reference defines it: a key per entry, compared part by part. */
function keyOf(e: FileEntry): [number, string][] {
  const parts: [number, string][] = [];
  const components = entryName(e).split('/');
  for (const [i, component] of components.entries()) {
    const isLast = i === components.length - 1;
    const directory = e.mode === 0o40755;
    if (isLast && directory && component === '.') return parts;
    parts.push(isLast && !directory ? [0, component] : [1, `${component}/`]);
  }
  return parts;
}

function compareKeys(a: [number, string][], b: [number, string][]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [aKind, aText] = a[i]!;
    const [bKind, bText] = b[i]!;
    if (aKind !== bKind) return aKind - bKind;
    if (aText !== bText) return aText < bText ? -1 : 1;
  }
  return a.length - b.length;
}

function generator(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

const ALPHABET = ['a', 'b', '.', '-', '0', '!', '\xff'];

describe('compareEntries', () => {
  it('puts files first, then directories as if their names ended in a slash (§6.14)', () => {
    const order = ['.', 'b', 'z', 'a.d/', 'a.d/k', 'a/', 'a/x', 'a/sub/', 'a/sub/q', 'a0/'];
    expect(sorted([...order].reverse())).toEqual(order);
    for (const [i, a] of order.entries()) {
      for (const [j, b] of order.entries()) {
        expect(Math.sign(compareEntries(entry(a), entry(b)))).toBe(Math.sign(i - j));
      }
    }
  });

  it('compares bytes, not text', () => {
    expect(sorted(['\xff', '\xc3\xa9', 'z', '~', ' '])).toEqual([' ', 'z', '~', '\xc3\xa9', '\xff']);
  });

  it('agrees with the key of the reference on random names', () => {
    const random = generator(7);
    const name = (): string => {
      const components = Array.from({ length: 1 + random(3) }, () =>
        Array.from({ length: 1 + random(3) }, () => ALPHABET[random(ALPHABET.length)]).join(''),
      ).map((component) => (/^\.\.?$/.test(component) ? 'x' : component));
      return components.join('/') + (random(2) ? '/' : '');
    };
    const entries = ['.', ...Array.from({ length: 300 }, name)].map((text) => entry(text));
    for (const a of entries) {
      for (const b of entries) {
        if (Math.sign(compareEntries(a, b)) !== Math.sign(compareKeys(keyOf(a), keyOf(b)))) {
          expect.fail(`${spec(a)} against ${spec(b)}`);
        }
      }
    }
  });
});

describe('sortEntries', () => {
  it('sorts complete random trees as one comparison of all entries does', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = generator(seed);
      const dirs = [''];
      const entries = random(2) ? [entry('.')] : [];
      for (let i = 0; i < 150; i++) {
        const dir = dirs[random(dirs.length)]!;
        const base = `${ALPHABET[random(ALPHABET.length - 4)]}${ALPHABET[random(ALPHABET.length)]}`.replace('..', 'd');
        const name = dir === '' ? base : `${dir}/${base}`;
        const directory = random(3) === 0;
        if (directory && !dirs.includes(name)) dirs.push(name);
        entries.splice(random(entries.length + 1), 0, entry(directory ? `${name}/` : name));
      }
      const expected = [...entries].sort(compareEntries);
      sortEntries(entries);
      expect(entries.every((e, i) => e === expected[i])).toBe(true);
    }
  });

  it('keeps the order of equal names, also of directories with contents', () => {
    const names = ['d/', 'f', 'd/x', 'd/', 'f', 'd/x'];
    const entries = names.map((name, i) => ({ ...entry(name), size: i }));
    sortEntries(entries);
    expect(entries.map((e) => `${spec(e)} ${e.size}`)).toEqual(['f 1', 'f 4', 'd/ 0', 'd/ 3', 'd/x 2', 'd/x 5']);
  });

  it('sorts entries whose directory is missing', () => {
    expect(sorted(['b/x', 'a', 'c/', 'b/a/'])).toEqual(['a', 'b/x', 'b/a/', 'c/']);
    expect(sorted(['q/b', 'p/a'])).toEqual(['p/a', 'q/b']);
  });

  it('does not recurse', () => {
    const deep = Array.from({ length: 20_000 }, (_, i) => i);
    const entries: FileEntry[] = [];
    let dir = '';
    for (const i of deep) {
      const name = dir === '' ? `d${i % 10}` : `${dir}/d${i % 10}`;
      if (name.length > 4000) dir = '';
      else {
        entries.push(entry(`${name}/`));
        dir = name;
      }
    }
    entries.reverse();
    expect(() => sortEntries(entries)).not.toThrow();
  });
});

describe('markDuplicates', () => {
  const TOP = EntryFlag.TOP_DIR;
  const CONTENT = EntryFlag.CONTENT_DIR;

  function active(specs: [string, number?][]): string[] {
    const entries = specs.map(([name, flags]) => entry(name, flags));
    const numbers = new Map(entries.map((e, i) => [e, i]));
    sortEntries(entries);
    markDuplicates(entries);
    return entries
      .filter((e) => !(e.flags & EntryFlag.INACTIVE))
      .map((e) => `${spec(e)} #${numbers.get(e)}${e.flags ? ` ${e.flags}` : ''}`);
  }

  it('keeps the first of files', () => {
    expect(active([['f'], ['g'], ['f'], ['f']])).toEqual(['f #0', 'g #1']);
  });

  it('lets a directory win over an earlier or later file', () => {
    expect(active([['d'], ['d/'], ['e/'], ['e'], ['d']])).toEqual(['d/ #1', 'e/ #2']);
    expect(active([['a/'], ['a/d'], ['a/d/'], ['a/e']])).toEqual(['a/ #0', 'a/e #3', 'a/d/ #2']);
  });

  it('does not confuse names that sort apart', () => {
    expect(active([['a.d'], ['a/'], ['a'], ['a.d/']])).toEqual(['a.d/ #3', 'a/ #1']);
  });

  it('pools the flags of directories', () => {
    expect(
      active([
        ['d/', CONTENT],
        ['d/', TOP | CONTENT],
      ]),
    ).toEqual([`d/ #0 ${TOP | CONTENT}`]);
    expect(
      active([
        ['.', TOP | CONTENT],
        ['.', TOP | CONTENT],
      ]),
    ).toEqual([`. #0 ${TOP | CONTENT}`]);
  });

  it('keeps a directory implied only if both are', () => {
    expect(
      active([
        ['d/', TOP],
        ['d/', TOP],
      ]),
    ).toEqual([`d/ #0 ${TOP}`]);
    expect(
      active([
        ['d/', TOP],
        ['d/', 0],
      ]),
    ).toEqual(['d/ #0']);
    expect(
      active([
        ['d/', TOP],
        ['d/', CONTENT],
      ]),
    ).toEqual([`d/ #0 ${TOP | CONTENT}`]);
  });
});

describe('absolute names among relative ones (§6.14)', () => {
  it('stand where a folder of an empty name would', () => {
    const list = ['zz/', '-x/', '/tmp/', 'file', '/tmp/a', '.', '!/', '/-x/', '0/', '0/b'].map((name) => {
      const plain = name.replace(/^\//, '').replace(/\/$/, '');
      const slash = plain.lastIndexOf('/');
      return {
        ...{
          dir: plain.slice(0, Math.max(0, slash)),
          base: plain.slice(slash + 1),
          size: 0,
          mtime: 0,
          nsec: 0,
          uid: 0,
          gid: 0,
        },
        ...{ mode: name.endsWith('/') || name === '.' ? 0o40755 : 0o100644, root: 0, extra: null },
        flags: name.startsWith('/') ? EntryFlag.ABSOLUTE : 0,
      };
    });
    sortEntries(list);
    const names = list.map((entry) => (entry.flags ? '/' : '') + (entry.dir ? `${entry.dir}/` : '') + entry.base);
    expect(names).toEqual(['.', 'file', '!', '-x', '/-x', '/tmp', '/tmp/a', '0', '0/b', 'zz']);
  });
});
