import { describe, expect, it } from 'vitest';
import { encodePlan, PlanReader, type PlanItem } from '../../shared/plan-codec.ts';
import type { PlanSelection } from '../../shared/model/preview.ts';
import { PlanRows } from './plan-rows.ts';
import { PlanTicks } from './plan-ticks.ts';

const SIDE = { size: 10, mtime: 1, mode: 0o100644, uid: 0, gid: 0, link: null };
/** `+ a/b` makes, `~ a/b` changes attributes, `! a` replaces a folder by a file, `- a/b` deletes; folders end in a slash. */
function item(words: string): PlanItem {
  const [sign, path] = words.split(' ') as [string, string];
  const name = path.replace(/(.)\/$/, '$1');
  const kind = path.endsWith('/') || path === '.' ? 'dir' : 'file';
  const common = { name, kind, iflags: kind === 'file' && sign !== '~' ? 0xa000 : 0x4000 } as const;
  if (sign === '+') return { ...common, action: 'create', reason: 'missing', source: SIDE, destination: null };
  if (sign === '~') return { ...common, action: 'attributes', reason: 'time', source: SIDE, destination: SIDE };
  if (sign === '!') return { ...common, action: 'update', reason: 'type', source: SIDE, destination: SIDE };
  return { ...common, iflags: 0, action: 'delete', reason: 'not-in-source', source: null, destination: SIDE };
}

const PLAN = [
  '~ .',
  '+ f',
  '! swap',
  '~ old/',
  '+ old/new',
  '+ n/',
  '+ n/x',
  '+ n/deep/',
  '+ n/deep/y',
  '+ n.txt/',
  '- z/in/b',
  '- z/in/',
  '- z/a',
  '- z/',
  '- swap/gone/c',
  '- swap/gone/',
  '- old/d',
];

async function open(deletions = true) {
  const items = PLAN.map(item);
  const reader = new PlanReader(encodePlan(items));
  const ticks = await PlanTicks.of(reader, deletions);
  const rows = new PlanRows(reader, ticks, { push: false, times: true });
  const row = (path: string) => items.findIndex(({ name }) => name === path);
  const set = (selection: PlanSelection, ticked: boolean) => ticks.set(() => rows.select(selection), ticked);
  return {
    ticks,
    rows,
    one: (path: string, ticked: boolean) => set({ kind: 'row', index: row(path) }, ticked),
    below: (path: string, ticked: boolean) => set({ kind: 'beneath', index: row(path) }, ticked),
    shown: (search: string, ticked: boolean) =>
      set({ kind: 'shown', filter: { actions: [], search }, first: 0, last: 99 }, ticked),
    off: () => items.filter((_, i) => ticks.bytes[i] === 0).map(({ name }) => name),
    on: () => items.filter((_, i) => ticks.bytes[i] === 1).map(({ name }) => name),
    excluded: (path: string) => ticks.excludedBy(row(path)),
    exclude: async (matches: (name: string) => boolean) =>
      ticks.exclude(await rows.matching((at) => matches(items[at]!.name)), 1),
  };
}

describe('ticks of a plan', () => {
  it('all at first, except deletions that nobody asked for and what needs them', async () => {
    expect((await open()).off()).toEqual([]);
    const copy = await open(false);
    expect(copy.off()).toEqual(['swap', 'z/in/b', 'z/in', 'z/a', 'z', 'swap/gone/c', 'swap/gone', 'old/d']);
  });

  it('a folder that is made takes what is in it along, both ways', async () => {
    const plan = await open();
    await plan.one('n', false);
    expect(plan.off()).toEqual(['n', 'n/x', 'n/deep', 'n/deep/y']);
    await plan.one('n/deep/y', true);
    expect(plan.off()).toEqual(['n/x']);
    await plan.one('n', true);
    expect(plan.off()).toEqual([]);
  });

  it('attributes of a folder are one row by themselves', async () => {
    const plan = await open();
    await plan.one('old', false);
    await plan.one('.', false);
    expect(plan.off()).toEqual(['.', 'old']);
    await plan.below('old', false);
    expect(plan.off()).toEqual(['.', 'old', 'old/new', 'old/d']);
  });

  it('a folder goes only with everything in it', async () => {
    const plan = await open();
    await plan.one('z/in/b', false);
    expect(plan.off()).toEqual(['z/in/b', 'z/in', 'z']);
    await plan.one('z', true);
    expect(plan.off()).toEqual([]);
    await plan.one('z', false);
    expect(plan.off()).toEqual(['z/in/b', 'z/in', 'z/a', 'z']);
  });

  it('what takes the place of a folder needs the folder to go', async () => {
    const plan = await open(false);
    await plan.one('swap', true);
    expect(plan.on()).toEqual(expect.arrayContaining(['swap', 'swap/gone', 'swap/gone/c']));
    await plan.one('swap/gone/c', false);
    expect(plan.off()).toEqual(expect.arrayContaining(['swap', 'swap/gone', 'swap/gone/c']));
  });

  it('everything a filter shows, and counts that follow', async () => {
    const plan = await open();
    await plan.shown('', false);
    expect(plan.on()).toEqual([]);
    await plan.shown('DEEP', true);
    expect(plan.on()).toEqual(['n', 'n/deep', 'n/deep/y']);
    const totals = { unchanged: 5, destinationTotal: 9, sourceTotal: 8, keptByFilter: 2, replacesNewer: 0 };
    const all = { ...totals, create: 0, update: 0, attributes: 0, delete: 0, transferSize: 0, deleteSize: 0 };
    expect(plan.ticks.counts(all)).toEqual({ ...all, create: 3, transferSize: 10 });
    await plan.one('z/a', true);
    expect(plan.ticks.counts(all)).toMatchObject({ delete: 1, deleteSize: 10 });
  });

  it('what a rule leaves out stays out, and so does what cannot be without it', async () => {
    const plan = await open();
    await plan.exclude((name) => name.endsWith('/b'));
    await plan.exclude((name) => name === 'n');
    expect(plan.off()).toEqual(['n', 'n/x', 'n/deep', 'n/deep/y', 'z/in/b', 'z/in', 'z']);
    expect([plan.excluded('z/in/b'), plan.excluded('n'), plan.excluded('f')]).toEqual([2, 1, null]);
    await plan.shown('', true);
    expect(plan.off()).toEqual(['n', 'n/x', 'n/deep', 'n/deep/y', 'z/in/b', 'z/in', 'z']);
  });

  it('changes wait for one another', async () => {
    const plan = await open();
    await Promise.all([plan.one('n', false), plan.one('n/x', true), plan.one('f', false)]);
    expect(plan.off()).toEqual(['f', 'n/deep', 'n/deep/y']);
  });
});
