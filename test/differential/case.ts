import type { Release } from '../support/routes.ts';
import { generateTree, olderTree } from './generate-tree.ts';
import { generateOptions } from './options.ts';
import { Random } from './random.ts';
import { type Entry, quote, treeScript } from './tree.ts';

/** Who is where: ours as the client (`push`, `pull`), both ends (`local`), or the server of a stock client. */
export type Route = 'push' | 'pull' | 'local' | 'served push' | 'served pull';
export const ROUTES: readonly Route[] = ['push', 'pull', 'local', 'served push', 'served pull'];

/** One command on one pair of trees. Everything follows from the seed; shrinking takes things away. */
export interface Case {
  seed: number;
  route: Route;
  /** Which stock rsync is at the far end of ours; 3.5 is the installed one. */
  release: Release;
  args: string[];
  /** Relative to the folder that holds `src`, with rsync's trailing slash. */
  sources: string[];
  source: Entry[];
  /** null: the destination does not exist. */
  destination: Entry[] | null;
  /** The alternate basis folder `old`, or null. */
  old: Entry[] | null;
  /** What LIST holds, or null. */
  list: string | null;
}

export function generateCase(seed: number): Case {
  const random = new Random(seed);
  // Neighbouring seeds begin alike.
  for (let n = 0; n < 5; n++) random.next();
  const route = random.pick(ROUTES);
  const wishes = {
    ...{ hardLinks: false, xattrs: false, acls: false, fractions: random.chance(0.4) },
    ...{
      depth: random.int(1, 4),
      entries: random.weighted([
        [6, random.int(1, 12)],
        [2, random.int(12, 40)],
      ] as const),
    },
  };
  // The options are chosen before the tree is, which then has what they are about; names come from a first sketch.
  const sketch = generateTree(new Random(seed ^ 0x5bd1e995), wishes);
  const options = generateOptions(random, route, sketch);
  const full = { ...wishes, hardLinks: options.hardLinks, xattrs: options.xattrs, acls: options.acls };
  const source = generateTree(new Random(seed ^ 0x5bd1e995), full);
  const destination = random.chance(0.2) ? null : olderTree(random, source, full);
  const old = options.old ? olderTree(random, source, full) : null;
  if (options.ruleFiles !== null) {
    for (const tree of [source, ...(destination === null ? [] : [destination])]) {
      if (tree !== source && random.chance(0.4)) continue;
      const taken = new Set(tree.map((entry) => entry.path));
      const folders = ['', ...tree.filter((entry) => entry.kind === 'dir').map((entry) => `${entry.path}/`)];
      const path = `${random.pick(folders)}.rules`;
      if (taken.has(path)) continue;
      const text = `${options.ruleFiles.join('\n')}\n`;
      tree.push({ path, kind: 'file', mode: 0o644, mtime: 981_173_106, uid: 0, gid: 0, pieces: [{ text }] });
    }
  }
  // Of a rule file or an alternate file behind a link of another user rsync says that it does not look, even where there
  // is none; we say so only of rule files that are there.
  if (options.args.some((word) => /^(-f:|-f dir-merge|-C|--(link|copy|compare)-dest)/.test(word))) {
    for (const entry of [...source, ...(destination ?? []), ...(old ?? [])]) if (entry.kind === 'link') entry.uid = 0;
  }
  const separator = options.args.includes('--from0') ? '\0' : '\n';
  const sources = generateSources(random, source, options.list !== null);
  return {
    seed,
    route,
    // Chosen last: the cases of a seed stay what they were.
    release: route !== 'local' && random.chance(0.12) ? '3.2.7' : '3.5',
    args: options.args,
    sources,
    source,
    destination,
    old,
    list: options.list === null ? null : options.list.map((name) => name + separator).join(''),
  };
}

function generateSources(random: Random, source: readonly Entry[], listed: boolean): string[] {
  if (listed) return ['src/'];
  const roll = random.next();
  const plain = source.filter((entry) => /^[A-Za-z0-9./_-]+$/.test(entry.path) && !entry.path.startsWith('-'));
  if (roll < 0.75 || plain.length === 0) return ['src/'];
  if (roll < 0.83) return ['src'];
  if (roll < 0.87) return ['src/./'];
  const some = Array.from({ length: random.int(1, 3) }, () => random.pick(plain));
  return some.map((entry) => `src/${entry.path}${entry.kind === 'dir' && random.chance(0.5) ? '/' : ''}`);
}

/** The words behind the program, run in the folder that holds the trees; the remote shell stays in it. */
export function words(one: Case): string[] {
  const pull = one.route === 'pull' || one.route === 'served pull';
  const push = one.route === 'push' || one.route === 'served push';
  return [
    ...one.args.map((word) => word.replace(/^(--files-from=(?:peer:)?)LIST$/, '$1list')),
    ...one.sources.map((source) => (pull ? `peer:${source}` : source)),
    push ? 'peer:dst/' : 'dst/',
  ];
}

/** The case as a shell script: run in an empty folder, it shows what rsync does and what Driftline does. */
export function script(one: Case): string {
  const tree = (name: string, entries: readonly Entry[] | null): string[] =>
    entries === null ? [] : treeScript(name, entries);
  const command = words(one).map((word) => quote(word).replace('PLACE', '"$PWD"'));
  const remote = one.route !== 'local';
  const serves = one.route.startsWith('served');
  return [
    '#!/usr/bin/env bash',
    `# seed ${one.seed}, ${one.route}, stock rsync ${one.release}`,
    '# In an empty folder, as root. DRIFTLINE="node …/dist/cli.js"',
    `printf '#!/bin/sh\\nshift\\nexec sh -c "$*"\\n' > pipe; chmod 755 pipe; export RSYNC_RSH="$PWD/pipe"`,
    'mkdir aa; cd aa',
    ...tree('src', one.source),
    ...tree('dst', one.destination),
    ...tree('old', one.old),
    ...(one.args.some((word) => word.startsWith('--temp-dir')) ? ['mkdir tmp'] : []),
    ...(one.list === null
      ? []
      : [
          `printf %s ${quote(one.list.replaceAll('\0', '\n'))}${one.list.includes('\0') ? " | tr '\\n' '\\0'" : ''} > list`,
        ]),
    'cd ..; cp -a aa bb',
    `(cd aa; rsync ${command.join(' ')}; echo "exit $?")`,
    serves
      ? `(cd bb; rsync --rsync-path="$DRIFTLINE rsync" ${command.join(' ')}; echo "exit $?")`
      : `(cd bb; $DRIFTLINE rsync ${remote ? '-e "$RSYNC_RSH" ' : ''}${command.join(' ')}; echo "exit $?")`,
    'diff -r aa bb',
    '',
  ].join('\n');
}
