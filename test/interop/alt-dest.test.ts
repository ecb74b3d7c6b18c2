import { compareScenarios } from './compare.ts';
import type { Scenario } from './scenarios.ts';
import { dir, edited, file, fifo, link, randomBytes, THEN, type Tree } from '../support/trees.ts';

const NOW = THEN + 1_000_000;
const big = randomBytes(200_000, 3);

const source: Tree = {
  same: file('same'),
  'other mode': file('mode', { mode: 0o600 }),
  'other time': file('time', { mtime: NOW }),
  'other content': file(edited(big, 4, 100, 9)),
  new: file('new'),
  'only in the second': file('second'),
  'better in the second': file('better'),
  'was folder': file('file'),
  'was link': file('file too'),
  empty: file(''),
  link: link('same'),
  'other link': link('x'),
  'link of another time': link('same', { mtime: NOW }),
  'new link': link('new'),
  pipe: fifo(),
  'other pipe': fifo({ mode: 0o600 }),
  folder: dir({ deep: dir({ file: file('deep') }), empty: dir({}) }),
  'other folder': dir({ f: file('f') }, { mode: 0o700 }),
  'new folder': dir({ f: file('f') }),
};
const alt: Tree = {
  same: file('same'),
  'other mode': file('mode'),
  'other time': file('time'),
  'other content': file(big, { mode: 0o755 }),
  'better in the second': file('bet', { mtime: 7 }),
  'was folder': dir({ in: file('in') }),
  'was link': link('same'),
  empty: file(''),
  link: link('same'),
  'other link': link('y'),
  'link of another time': link('same'),
  pipe: fifo(),
  'other pipe': fifo(),
  folder: dir({ deep: dir({ file: file('deep'), extra: file('e') }), empty: dir({}) }),
  'other folder': dir({ f: file('f') }),
  extra: file('extra'),
};
const second: Tree = {
  'only in the second': file('second'),
  'better in the second': file('better'),
  same: file('same'),
};
const destination: Tree = {
  same: file('same'),
  'other mode': file('old mode'),
  'other content': file('quite different'),
  new: file('new'),
  'was folder': file('older', { mtime: 1 }),
  link: link('elsewhere'),
  folder: dir({ deep: dir({ file: file('old') }) }),
  extra: file('extra at the destination'),
};

const KINDS = ['compare', 'copy', 'link'] as const;
const each = (name: string, args: (option: string) => string, more: Partial<Scenario> = {}): Scenario[] =>
  KINDS.map((kind) => ({
    ...{ name: `--${kind}-dest: ${name}`, args: ['-ai', ...args(`--${kind}-dest`).split(' ')], source },
    ...{ around: { alt: dir(alt), second: dir(second) }, hardLinks: true },
    ...more,
  }));

const SCENARIOS: Scenario[] = [
  ...each('to nowhere', (option) => `${option}=../alt --no-whole-file`),
  ...each('two folders', (option) => `${option}=../alt ${option}=../second --no-whole-file`, { alsoOld: true }),
  ...each('unchanged items too', (option) => `-i ${option}=../alt`),
  ...each('over what is there', (option) => `${option}=../alt --no-whole-file`, { destination }),
  ...each('over what is there, with deletion', (option) => `${option}=../alt --delete`, {
    ...{ destination, routes: ['push', 'pull', 'local'] },
  }),
  ...each('a dry run', (option) => `-n ${option}=../alt`, {
    destination,
    routes: ['pull', 'local', 'push from rsync'],
  }),
  ...each('a dry run to nowhere', (option) => `-n ${option}=../alt`, { routes: ['pull', 'local', 'push from rsync'] }),
  ...each('by checksum', (option) => `-c ${option}=../alt`, { routes: ['pull', 'local', 'push from rsync'] }),
  ...each('whole files', (option) => `-W ${option}=../alt`, { routes: ['pull', 'push from rsync'] }),
  ...each('without permissions', (option) => `--no-p --no-whole-file ${option}=../alt`, {
    routes: ['pull', 'push from rsync'],
  }),
  ...each('without times', (option) => `--no-t --size-only ${option}=../alt`, {
    ...{ routes: ['pull', 'local'], times: false },
  }),
  ...each('without recursion ahead', (option) => `--no-inc-recursive ${option}=../alt`, { routes: ['pull', 'local'] }),
  ...each('only what exists', (option) => `--existing ${option}=../alt`, { destination, routes: ['pull', 'local'] }),
  ...each('ignoring times', (option) => `-I ${option}=../alt`, { routes: ['pull', 'local'] }),
  ...each('backups', (option) => `-b --backup-dir=../bak ${option}=../alt`, {
    ...{ destination, routes: ['pull', 'local', 'push from rsync'], times: false },
  }),
  ...each('one file', (option) => `${option}=../alt`, {
    ...{ sources: ['src/same'], target: 'dst/same', destination: {}, routes: ['pull', 'local', 'push'] },
  }),
  ...each('a folder that is not there', (option) => `${option}=../none`, {
    routes: ['pull', 'local', 'push from rsync'],
  }),
  ...each('something that is no folder', (option) => `${option}=../file`, {
    around: { file: file('content') },
    routes: ['pull', 'local', 'push from rsync'],
  }),
  ...each('a link of another user', (option) => `${option}=../foreign`, {
    prepare: 'ln -s alt foreign; chown -h 1234 foreign',
    routes: ['pull', 'local', 'push from rsync'],
  }),
  ...each('a symlink inside the other folder', (option) => `${option}=../alt`, {
    around: { alt: dir({ folder: link('../second') }), second: dir(alt) },
    source: { extra: file('extra'), same: file('same') },
    routes: ['pull', 'local'],
  }),
];

compareScenarios(SCENARIOS);
