import { expect, it } from 'vitest';
import type { PlanItem } from '../../../shared/plan-codec.ts';
import { restrictPlan } from './restrict.ts';

const SIDE = { size: 0, mtime: 0, mode: 0, uid: 0, gid: 0, link: null };
const item = (name: string, action: PlanItem['action'], kind: PlanItem['kind'] = 'file', size = 1): PlanItem => ({
  ...{ name, action, kind, reason: 'missing', iflags: 0 },
  source: action === 'delete' ? null : { ...SIDE, size },
  destination: action === 'create' ? null : { ...SIDE, size },
});
const PLAN = {
  items: [
    item('.', 'attributes', 'dir'),
    item('a', 'create', 'file', 5),
    item('d', 'create', 'dir'),
    item('d/e', 'create', 'dir'),
    item('d/e/f', 'create', 'file', 7),
    item('d/other', 'create'),
    item('up', 'attributes', 'dir'),
    item('up/x', 'update', 'file', 3),
    item('gone/in', 'delete', 'file', 2),
    item('gone', 'delete', 'dir'),
    item('gone2', 'delete'),
  ],
  counts: {
    ...{ create: 5, update: 1, attributes: 2, delete: 3, unchanged: 9, destinationTotal: 20, sourceTotal: 30 },
    ...{ transferSize: 99, deleteSize: 99, replacesNewer: 0, keptByFilter: 0 },
  },
};

it.each<[string[], string[]]>([
  [['a'], ['a']],
  [['d/e/f'], ['d', 'd/e', 'd/e/f']],
  [['d'], ['d', 'd/e', 'd/e/f', 'd/other']],
  // A folder that stands already needs nothing done to it.
  [['up/x'], ['up/x']],
  [['gone'], ['gone/in', 'gone']],
  [['dd', 'gone2'], ['gone2']],
  [[], []],
])('%j', (names, left) => {
  expect(restrictPlan(PLAN, names).items.map(({ name }) => name)).toEqual(left);
});

it('counts anew what is to be done, and keeps what stands', () => {
  expect(restrictPlan(PLAN, ['d/e', 'up/x', 'gone']).counts).toEqual({
    ...PLAN.counts,
    ...{ create: 3, update: 1, attributes: 0, delete: 2, transferSize: 10, deleteSize: 2 },
  });
});
