import type { ByteString } from '../../../shared/model/path.ts';
import type { PlanCounts } from '../../../shared/model/preview.ts';
import type { PlanItem } from '../../../shared/plan-codec.ts';
import { parentOf } from './planner.ts';

interface ItemsAndCounts {
  items: readonly PlanItem[];
  counts: PlanCounts;
}

/**
 * A plan of just these names, what is below them, and the folders that must be made for them. Totals of both sides stay:
 * the guard judges by them.
 */
export function restrictPlan(plan: ItemsAndCounts, names: readonly ByteString[]): ItemsAndCounts {
  const wanted = new Set(names);
  const parents = new Set<ByteString>();
  for (const name of names) for (let dir = parentOf(name); dir !== ''; dir = parentOf(dir)) parents.add(dir);
  const isWanted = (name: ByteString): boolean => {
    for (let at = name; at !== ''; at = parentOf(at)) if (wanted.has(at)) return true;
    return false;
  };
  const items = plan.items.filter(({ name, action }) => isWanted(name) || (action === 'create' && parents.has(name)));
  const counts = { ...plan.counts, create: 0, update: 0, attributes: 0, delete: 0, transferSize: 0, deleteSize: 0 };
  for (const { action, kind, source, destination } of items) {
    counts[action]++;
    if (kind !== 'file') continue;
    if (action === 'delete') counts.deleteSize += destination?.size ?? 0;
    else if (action !== 'attributes') counts.transferSize += source?.size ?? 0;
  }
  return { items, counts };
}
