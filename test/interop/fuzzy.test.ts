import { compareScenarios } from './compare.ts';
import type { RouteName, Scenario } from './scenarios.ts';
import { dir, edited, file, link, randomBytes, THEN, type Tree } from '../support/trees.ts';

const ROUTES: RouteName[] = ['push', 'pull', 'local', 'push from rsync', 'pull by rsync'];
const bytes = (seed: number, size = 60_000): Buffer => randomBytes(size + seed * 1000, seed);

const source: Tree = {
  'report-2.txt': file(edited(bytes(1), 2, 50, 11)),
  'moved elsewhere.bin': file(bytes(2), { mtime: THEN + 5 }),
  'photo.jpeg': file(edited(bytes(3), 2, 50, 12)),
  'nothing like it': file(bytes(4)),
  sub: dir({ 'archive-1.1.tar': file(edited(bytes(5), 2, 50, 13)) }),
};
// Sizes differ, so that the bytes of sums (%c) tell which basis was taken.
const destination: Tree = {
  'report-1.txt': file(bytes(1)),
  'report-2.doc': file(bytes(6)),
  'once here': file(bytes(2), { mtime: THEN + 5 }),
  'photo.jpeg~': file(bytes(3)),
  'photo.png': file(bytes(7)),
  'report-2.txt.lnk': link('report-1.txt'),
  'report-2.txt.d': dir({}),
  sub: dir({ 'archive-1.0.tar': file(bytes(5)), 'archive-1.1.zip': file(bytes(8)) }),
};

const fuzzy = (args: string, more: Partial<Scenario> = {}): Scenario => ({
  ...{ name: args, args: ['-a', '--no-whole-file', '--out-format=%i %n%L %c', ...args.split(' ')] },
  ...{ source, destination, routes: ROUTES },
  ...more,
});

compareScenarios([
  fuzzy('-y', { alsoOld: true }),
  fuzzy('-y --delete-after', { routes: ['pull', 'local'] }),
  fuzzy('-y --delete', { routes: ['pull', 'local'] }),
  fuzzy('-y -n', { routes: ['pull', 'local', 'push from rsync'] }),
  fuzzy('-y --whole-file', { routes: ['pull', 'push from rsync'] }),
  fuzzy('-y --no-p', { routes: ['pull', 'push from rsync'] }),
  // The similar file changes itself: without deltas nothing is built from it, and it still lends its mode.
  fuzzy('-y --no-p --whole-file', {
    source: { 'a1.txt': file(bytes(1)), 'a2.txt': file(bytes(2), { mode: 0o400 }) },
    destination: { 'a1.txt': file(bytes(3), { mode: 0o640 }) },
    routes: ['pull', 'local', 'push from rsync'],
  }),
  fuzzy('-yy --link-dest=../alt', { destination: {}, around: { alt: dir(destination) } }),
  fuzzy('-yy --compare-dest=../alt --compare-dest=../alt2', {
    around: {
      alt: dir({ 'nothing like iy': file(bytes(4, 70_000)) }),
      alt2: dir({ 'nothing like ix': file(bytes(4, 80_000)) }),
    },
  }),
  fuzzy('-y --copy-dest=../alt', { destination: {}, around: { alt: dir(destination) }, routes: ['pull', 'local'] }),
  fuzzy('-y --partial-dir=.part', { routes: ['pull', 'local'] }),
  fuzzy('-yH', { prepare: 'ln dst/report-1.txt dst/other', routes: ['pull', 'local'] }),
]);
