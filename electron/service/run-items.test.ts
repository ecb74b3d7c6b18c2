import { expect, it } from 'vitest';
import type { RunItem } from '../../shared/model/run.ts';
import { RunItems } from './run-items.ts';

const item = (path: string, action: RunItem['action'] = 'create'): RunItem =>
  ({ path, action, itemized: '', size: 0 }) as RunItem;

it('pages through a filter', () => {
  const items = new RunItems();
  items.add([item('Photos/a'), item('b', 'delete'), item('photos/c', 'delete')]);
  const paths = (...page: Parameters<RunItems['page']>) => items.page(...page).rows.map(({ path }) => path);
  expect(paths(1, 1, [], '')).toEqual(['b']);
  expect(items.page(0, 1, ['delete'], '')).toMatchObject({ total: 2, rows: [{ path: 'b' }] });
  expect(paths(0, 9, [], 'PHOTOS')).toEqual(['Photos/a', 'photos/c']);
  expect(paths(0, 9, ['delete'], 'photos')).toEqual(['photos/c']);
});

it('is bounded and counts on', () => {
  const items = new RunItems();
  const batch = Array.from({ length: 30_000 }, (_, n) => item(`f${n}`));
  items.add(batch);
  items.add(batch);
  expect(items.count).toBe(60_000);
  expect(items.page(49_999, 9, [], '')).toMatchObject({ total: 50_000, rows: [{ path: 'f19999' }] });
});
