import { exclusionFor } from '../../../shared/exclude-rule.ts';
import { displayPath } from '../../../shared/model/path.ts';
import type { ExcludeScope, PlanRow, PlanSelection } from '../../../shared/model/preview.ts';
import { strings } from '../../lib/strings.ts';
import type { MenuItem } from '../../ui/MenuList.svelte';

export interface RowActions {
  tick(selection: PlanSelection, ticked: boolean): void;
  exclude(row: PlanRow, scope: ExcludeScope): void;
}

const t = strings.preview;
const SCOPES: readonly [ExcludeScope, string][] = [
  ['item', t.menuExcludeItem],
  ['name', t.menuExcludeName],
  ['extension', t.menuExcludeExtension],
  ['folder', t.menuExcludeFolder],
];

/** What can be done with one row of a plan: tick it, or add a rule to the profile that leaves it out for good. */
export function rowMenu(row: PlanRow, actions: RowActions): MenuItem[] {
  const { index, ticked, kind } = row;
  const items: MenuItem[] = [
    {
      label: ticked ? t.menuUntick : t.menuTick,
      icon: ticked ? 'close' : 'check',
      disabled: row.excludedBy !== null,
      run: () => actions.tick({ kind: 'row', index }, !ticked),
    },
  ];
  if (kind === 'dir') {
    items.push(
      { label: t.menuTickBelow, icon: 'check', run: () => actions.tick({ kind: 'beneath', index }, true) },
      { label: t.menuUntickBelow, icon: 'close', run: () => actions.tick({ kind: 'beneath', index }, false) },
    );
  }
  const seen = new Set<string>();
  for (const [scope, label] of SCOPES) {
    const pattern = exclusionFor(row, scope)?.pattern;
    // "This item" and "this folder" are the same for a folder.
    if (pattern === undefined || seen.has(pattern)) continue;
    items.push({ label, tag: displayPath(pattern), apart: seen.size === 0, run: () => actions.exclude(row, scope) });
    seen.add(pattern);
  }
  return items;
}
