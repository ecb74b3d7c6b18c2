import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FilterChain } from '../../electron/engine/filter/chain.ts';
import { localMergeFiles } from '../../electron/engine/fs/rule-files.ts';
import { addFilter } from '../../electron/engine/filter/rule-list.ts';
import type { FilterRule } from '../../electron/engine/filter/rule.ts';
import { peers } from '../support/peers.ts';

const TREE = [
  'a',
  'b',
  'ab',
  'a-b',
  'a]b',
  'a\\b',
  'z.o',
  'd/a',
  'd/b.o',
  'd/e/a',
  'd/e/ab',
  'd/e/f/z.o',
  'd/e/f/Q',
  'ab/a/b',
  'ab/d/e',
  'e/d/a/b',
  'e/d/x y',
  'e/[x]',
  'k/a/a/a/a',
  'k/b/',
];

/** A small generator with a fixed seed (mulberry32), so that a failure repeats. */
function randomizer(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const ATOMS = [
  ...['a', 'b', 'd', 'e', 'a', 'b', '.o', 'z', 'ab', 'k', '/', '/', '/', '*', '*', '**', '***', '?', 'x y'],
  ...[
    '[ab]',
    '[!a]',
    '[^b-z]',
    '[a-e]',
    '[[:alpha:]]',
    '[![:lower:]]',
    '[]-]',
    '[a\\]-]',
    '[',
    '[[:x:]]',
    '[[:a]',
    '[z-a]',
  ],
  ...['\\', '\\*', '\\a', '[\\a-\\e]', ']', '[--a]', '[a-]', '[[x]', '[[:upper:]-a]', '[b-[:upper:]]'],
];

function randomRule(random: (below: number) => number): string {
  const kind = ['-', '-', '-', '+', '+', 'H', 'S', 'P', 'R'][random(9)]!;
  const modifiers = `${random(8) === 0 ? '!' : ''}${random(12) === 0 ? 'p' : ''}`;
  let pattern = random(4) === 0 ? '/' : '';
  for (let parts = 1 + random(4); parts > 0; parts--) pattern += ATOMS[random(ATOMS.length)]!;
  return `${kind}${modifiers} ${pattern}${random(5) === 0 ? '/' : ''}`;
}

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'driftline-filters-'));
  for (const path of TREE) {
    const target = join(root, 'tree', path);
    mkdirSync(path.endsWith('/') ? target : dirname(target), { recursive: true });
    if (!path.endsWith('/') && !TREE.some((other) => other.startsWith(`${path}/`))) writeFileSync(target, '');
  }
  mkdirSync(join(root, 'empty'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function rsync(...args: string[]): string[] {
  const result = spawnSync(peers().rsync, args, {
    cwd: root,
    encoding: 'latin1',
    env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' },
  });
  expect([args, result.stderr, result.status]).toEqual([args, '', 0]);
  return result.stdout.split('\n').filter((line) => line !== '');
}

interface Node {
  name: string;
  children: Node[] | null;
}

function scan(path: string, name = ''): Node[] {
  return readdirSync(path, { withFileTypes: true }).map((entry) => {
    const child = name === '' ? entry.name : `${name}/${entry.name}`;
    return { name: child, children: entry.isDirectory() ? scan(join(path, entry.name), child) : null };
  });
}

/** Names the sender's chain lets through. */
function listed(nodes: Node[], chain: FilterChain, dir = ''): string[] {
  chain.enter(dir);
  const kept = nodes.filter((node) => chain.check(node.name, node.children !== null) === 'include');
  return kept.flatMap((node) => [
    node.name,
    ...(node.children === null ? [] : listed(node.children, chain, node.name)),
  ]);
}

/** Deletes what the receiver's chain allows; returns whether everything went. */
function deleted(nodes: Node[], chain: FilterChain, out: string[], dir = ''): boolean {
  const inside = dir !== '';
  chain.enter(dir);
  let all = true;
  for (const node of nodes) {
    const gone =
      chain.check(node.name, node.children !== null, inside) === 'include' &&
      (node.children === null || deleted(node.children, chain, out, node.name));
    if (gone) out.push(node.children === null ? node.name : `${node.name}/`);
    all &&= gone;
  }
  return all;
}

const noFiles = {
  read: (): string => {
    throw new Error('no rule file expected');
  },
  from0: false,
};

function parsed(texts: string[]): FilterRule[] {
  const rules: FilterRule[] = [];
  for (const text of texts) addFilter(rules, text, noFiles);
  return rules;
}

function chainOf(texts: string[], side: 'sender' | 'receiver', folder: string): FilterChain {
  return new FilterChain(parsed(texts), side, join(root, folder), {
    mergeFiles: localMergeFiles({ from0: false, insecureLinks: false }, () => {}),
  });
}

const filters = (texts: string[]): string[] => texts.flatMap((text) => ['-f', text]);

describe('random rule sets against rsync', () => {
  const random = randomizer(20_250_731);
  const sets = Array.from({ length: 260 }, () => Array.from({ length: 1 + random(4) }, () => randomRule(random)));

  it('the sender lists the same names', () => {
    const tree = scan(join(root, 'tree'));
    for (const texts of sets.slice(0, 200)) {
      const theirs = rsync('-rn', '--list-only', '--no-h', ...filters(texts), 'tree/', 'empty/').map((line) =>
        line.slice(line.search(/\d\d:\d\d:\d\d /) + 9),
      );
      const ours = listed(tree, chainOf(texts, 'sender', 'tree'));
      expect([texts, ...theirs.map((name) => name.replaceAll('\\#134', '\\')).sort()]).toEqual([
        texts,
        ...['.', ...ours].sort(),
      ]);
    }
  });

  // Not as a dry run: that one claims nested folders to be deleted which keep a protected name.
  it('the receiver deletes the same names', () => {
    const tree = scan(join(root, 'tree'));
    for (const texts of sets.slice(200)) {
      cpSync(join(root, 'tree'), join(root, 'victim'), { recursive: true });
      const theirs = rsync('-ri', '--delete', ...filters(texts), 'empty/', 'victim/')
        .filter((line) => line.startsWith('*deleting   '))
        .map((line) => line.slice(12).replaceAll('\\#134', '\\'));
      rmSync(join(root, 'victim'), { recursive: true });
      const ours: string[] = [];
      deleted(tree, chainOf(texts, 'receiver', 'victim'), ours);
      expect([texts, ...theirs.sort()]).toEqual([texts, ...ours.sort()]);
    }
  });
});

/** A per-directory rule and what its files hold, which is not always rules in full. */
interface Merges {
  rules: string[];
  files: Record<string, string>;
}

function randomMerges(random: (below: number) => number): Merges {
  const names = ['.r', '.q'];
  const rules = names.slice(0, 1 + random(2)).map((name) => {
    const modifiers = ['', '', 'n', '-', '+', 'w-', 'C', 'e', 'en', 's', 'r', 'p', '/'][random(13)]!;
    const path = random(4) === 0 ? ['/', '../', `${root}/`, `${root}/tree/`][random(4)]! : '';
    return `:${modifiers} ${path}${name}`;
  });
  if (random(2) === 0) rules.splice(random(rules.length + 1), 0, randomRule(random));
  const files: Record<string, string> = {};
  for (let count = 2 + random(5); count > 0; count--) {
    const dir = ['', 'tree/', 'tree/d/', 'tree/d/e/', 'tree/ab/', 'tree/e/', 'tree/k/'][random(7)]!;
    const point = rules.find((rule) => rule.startsWith(':')) ?? '';
    const name = names[random(2)]!;
    const bare = /^:[^ ]*[-+C]/.test(rules.find((rule) => rule.endsWith(name)) ?? point);
    const sided = /^:[^ ]*[sr]/.test(rules.find((rule) => rule.endsWith(name)) ?? point);
    const lines = Array.from({ length: 1 + random(3) }, () => {
      if (random(10) === 0) return '!';
      if (bare) return ['a', 'b/', '/a', '/d/a', '*.o', 'd/*', '# a'][random(7)]!;
      if (sided) return ['- a', '+ /a', '-! *b', '- d/a', '-p *.o', '- /e/**'][random(6)]!;
      return random(6) === 0 ? [': .s', '. .s', ':n .s'][random(3)]! : randomRule(random);
    });
    files[dir + name] = `${lines.join('\n')}\n`;
  }
  for (const dir of ['', 'tree/', 'tree/d/', 'tree/ab/', 'tree/e/']) files[`${dir}.s`] = '- a\n+ b\n- /e\n';
  return { rules, files };
}

/** What random sets have found. */
const FOUND: Merges[] = [
  // A file merged by one in a folder: its name and its leading slashes are from the transfer root.
  { rules: [': .r'], files: { 'tree/d/.r': '. .s\n', 'tree/.s': '- a\n- /e\n' } },
  // Clearing forgets the files declared so far.
  { rules: [': .r'], files: { 'tree/.r': ':n .s\n!\n: .s\n', 'tree/.s': '- a\n' } },
  // A file name that is known already is not declared again, even where it is no longer reached.
  { rules: [':n .r'], files: { 'tree/.r': ': .s\n', 'tree/d/.r': ': .s\n', 'tree/d/.s': '- a\n' } },
];

describe('random per-directory files against rsync', () => {
  const random = randomizer(20_260_101);

  function withFiles(files: Record<string, string>, work: () => void): void {
    const paths = Object.keys(files).map((name) => join(root, name));
    Object.values(files).forEach((content, i) => writeFileSync(paths[i]!, content));
    try {
      work();
    } finally {
      for (const path of paths) rmSync(path);
    }
  }

  it('the sender lists the same names', () => {
    for (let i = 0; i < 100; i++) {
      const { rules, files } = FOUND[i] ?? randomMerges(random);
      withFiles(files, () => {
        const theirs = rsync('-rn', '--list-only', '--no-h', ...filters(rules), 'tree/', 'empty/').map((line) =>
          line.slice(line.search(/\d\d:\d\d:\d\d /) + 9).replaceAll('\\#134', '\\'),
        );
        const ours = listed(scan(join(root, 'tree')), chainOf(rules, 'sender', 'tree'));
        expect(['.', ...ours].sort(), JSON.stringify({ rules, files })).toEqual(theirs.sort());
      });
    }
  });

  it('the receiver deletes the same names', () => {
    for (let i = 0; i < 40; i++) {
      const { rules, files } = randomMerges(random);
      withFiles(files, () => {
        cpSync(join(root, 'tree'), join(root, 'victim'), { recursive: true });
        const before = scan(join(root, 'victim'));
        const theirs = rsync('-ri', '--delete', ...filters(rules), 'empty/', 'victim/')
          .filter((line) => line.startsWith('*deleting   '))
          .map((line) => line.slice(12).replaceAll('\\#134', '\\'));
        rmSync(join(root, 'victim'), { recursive: true });
        cpSync(join(root, 'tree'), join(root, 'victim'), { recursive: true });
        const ours: string[] = [];
        deleted(before, chainOf(rules, 'receiver', 'victim'), ours);
        rmSync(join(root, 'victim'), { recursive: true });
        expect(ours.sort(), JSON.stringify({ rules, files })).toEqual(theirs.sort());
      });
    }
  });
});
