import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FilterChain } from '../../electron/engine/filter/chain.ts';
import { applyRule, parseFilterRule } from '../../electron/engine/filter/parse.ts';
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
function listed(nodes: Node[], chain: FilterChain): string[] {
  return nodes.flatMap((node) =>
    chain.check(node.name, node.children !== null) === 'exclude'
      ? []
      : [node.name, ...listed(node.children ?? [], chain)],
  );
}

/** Deletes what the receiver's chain allows; returns whether everything went. */
function deleted(nodes: Node[], chain: FilterChain, out: string[], inside = false): boolean {
  let all = true;
  for (const node of nodes) {
    const gone =
      chain.check(node.name, node.children !== null, inside) === 'include' &&
      (node.children === null || deleted(node.children, chain, out, true));
    if (gone) out.push(node.children === null ? node.name : `${node.name}/`);
    all &&= gone;
  }
  return all;
}

function parsed(texts: string[]): FilterRule[] {
  const rules: FilterRule[] = [];
  for (const text of texts) applyRule(rules, parseFilterRule(text));
  return rules;
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
      const ours = listed(tree, new FilterChain(parsed(texts), 'sender', join(root, 'tree')));
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
      deleted(tree, new FilterChain(parsed(texts), 'receiver', join(root, 'victim')), ours);
      expect([texts, ...theirs.sort()]).toEqual([texts, ...ours.sort()]);
    }
  });
});
