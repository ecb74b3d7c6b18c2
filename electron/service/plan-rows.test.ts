import { describe, expect, it, vi } from 'vitest';
import { textToBytes } from '../../shared/model/path.ts';
import { encodePlan, PlanReader } from '../../shared/plan-codec.ts';
import type { PlanItem, PlanItemSide } from '../../shared/plan-codec.ts';
import { PlanRows } from './plan-rows.ts';
import { PlanTicks } from './plan-ticks.ts';

const side = (size: number, mtime: number): PlanItemSide => ({
  ...{ size, mtime, mode: 0o100644, uid: 1000, gid: 100, link: null },
});
const item = (name: string, more: Partial<PlanItem> = {}): PlanItem => ({
  name: textToBytes(name),
  kind: 'file',
  action: 'create',
  reason: 'missing',
  iflags: 0xa000,
  source: side(1, 2),
  destination: null,
  ...more,
});
const NAMES = ['a.txt', 'Ärger/B.TXT', 'c\udcff', 'old'];
const open = async (items: PlanItem[], push: boolean): Promise<PlanRows> => {
  const reader = new PlanReader(encodePlan(items));
  return new PlanRows(reader, await PlanTicks.of(reader, true), { push, times: true });
};
const rows = (push = false): Promise<PlanRows> =>
  open(
    [
      item('a.txt'),
      item('Ärger/B.TXT', { action: 'update', reason: 'size', iflags: 0x800c, destination: side(3, 4) }),
      item('c\udcff', { kind: 'dir', action: 'attributes', reason: 'permissions', iflags: 0x0010 }),
      item('old', {
        action: 'delete',
        reason: 'not-in-source',
        iflags: 0,
        source: null,
        destination: side(5, 6),
      }),
    ],
    push,
  );
const paths = async (each: PlanRows, actions: PlanItem['action'][], search: string, offset = 0, limit = 10) => {
  const page = await each.page(offset, limit, { actions, search });
  return [page.total, ...page.rows.map((row) => row.path)];
};

describe('pages of a plan', () => {
  it('all, in order, cut to the page', async () => {
    expect(await paths(await rows(), [], '')).toEqual([4, ...NAMES]);
    expect(await paths(await rows(), [], '', 1, 2)).toEqual([4, NAMES[1], NAMES[2]]);
    expect(await paths(await rows(), [], '', 4, 10)).toEqual([4]);
    expect(await paths(await rows(), [], '', 2 ** 40, 10)).toEqual([4]);
  });
  it('by action and by text without case, with the index of the plan', async () => {
    const each = await rows();
    expect(await paths(each, ['delete', 'create'], '')).toEqual([2, 'a.txt', 'old']);
    expect(await paths(each, [], '.TXT')).toEqual([2, 'a.txt', 'Ärger/B.TXT']);
    expect(await paths(each, ['update'], 'ärger')).toEqual([1, 'Ärger/B.TXT']);
    expect(await paths(each, [], '\udcff')).toEqual([1, 'c\udcff']);
    expect((await each.page(0, 1, { actions: ['delete'], search: '' })).rows[0]?.index).toBe(3);
  });
  it('typing on narrows and going back widens', async () => {
    const each = await rows();
    const found = [];
    for (const search of ['.', '.t', '.tx', '.txq', '.tx', '', 'o'])
      found.push((await each.page(0, 1, { actions: [], search })).total);
    expect(found).toEqual([2, 2, 2, 0, 2, 4, 1]);
  });
  it('rows as rsync itemizes them', async () => {
    const strings = async (push: boolean) =>
      (await (await rows(push)).page(0, 4, { actions: [], search: '' })).rows.map((row) => row.itemized);
    expect(await strings(false)).toEqual(['>f+++++++++', '>f.st......', '.d...p.....', '*deleting  ']);
    expect((await strings(true)).slice(0, 2)).toEqual(['<f+++++++++', '<f.st......']);
  });
  it('a large plan is searched without stopping everything else', async () => {
    const each = await open(
      Array.from({ length: 100_000 }, (_, i) => item(`folder/${i}.bin`)),
      true,
    );
    // However fast the machine is: each look at the clock finds it a millisecond on.
    let clock = 0;
    const watch = vi.spyOn(performance, 'now').mockImplementation(() => clock++);
    let turns = 0;
    const count = (): void => {
      turns++;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    expect((await each.page(0, 5, { actions: [], search: '9999.bin' })).total).toBe(10);
    clearImmediate(next);
    watch.mockRestore();
    expect(turns).toBeGreaterThan(2);
  });
});
