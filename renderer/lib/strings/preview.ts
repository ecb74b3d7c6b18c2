import { formatBytes, plural } from '../../../shared/format.ts';
import type { ItemKind, PlanAction, PlanCounts, PlanReason } from '../../../shared/model/preview.ts';

export const preview = {
  mirroredFolder: 'the mirrored folder itself',
  title: (name: string) => `Preview of ${name}`,
  comparing: 'Comparing both sides. Nothing is changed.',
  upToDateTitle: 'Everything is up to date',
  upToDateText: (counts: PlanCounts) =>
    `Both sides were compared: ${plural(counts.sourceTotal, 'entry', 'entries')} of the source, nothing to do.`,
  keptByFilter: (count: number) =>
    `${plural(count, 'entry', 'entries')} at the destination ${count === 1 ? 'stays' : 'stay'} because a filter leaves ${count === 1 ? 'it' : 'them'} out.`,
  filters: 'Show only',
  search: 'Search in paths',
  clear: 'Clear filters',
  noMatch: 'No row matches.',
  shown: (total: number) => plural(total, 'row'),
  list: 'Planned changes',
  columnPath: 'Path',
  columnSource: 'Source',
  columnDestination: 'Destination',
  columnReason: 'Why',
  absent: '–',
  issues: (count: number) =>
    `${plural(count, 'entry', 'entries')} of the source could not be read. Nothing is deleted while that is so.`,
  warnings: 'Please look at this before you run it',
  issuesAll: (shown: number, count: number) => `The first ${shown} of ${count}`,
  warningsTitle: 'Nothing is deleted, because not everything could be listed',
  nothingTicked: 'Nothing is ticked',
  notDeletedTitle: (count: number) => `${plural(count, 'entry is', 'entries are')} only on the destination`,
  notDeletedText: 'This profile does not delete. Tick what you want to remove all the same.',
  showThem: 'Show them',
  /** On a button there is no room for everything; what is deleted is always said. */
  run: (counts: PlanCounts) =>
    `Run: ${planPhrase(counts.create + counts.update + counts.delete > 0 ? { ...counts, attributes: 0 } : counts)}`,
  again: 'Preview again',
  confirmTitle: 'Run this plan?',
  confirmText: (counts: PlanCounts) => `It contains ${planPhrase(counts)}.`,
  confirmAck: 'I have read this and want to go on',
  confirmDelete: (count: number) => `Run and delete ${plural(count, 'entry', 'entries')}`,
  confirmRun: 'Run anyway',
  failed: 'The preview could not be made',
  onlyOnDestination: 'Only on the destination',
  chosen: (ticked: string, all: string) => `${ticked} of ${all}`,
  tick: (path: string) => `Carry out ${path}`,
  tickShown: 'Tick all rows shown',
  menu: (path: string) => `Actions for ${path}`,
  menuTick: 'Tick this row',
  menuUntick: 'Untick this row',
  menuTickBelow: 'Tick with everything in it',
  menuUntickBelow: 'Untick with everything in it',
  menuFolderUntick: 'Untick everything in its folder',
  menuExcludeItem: 'Always leave out this item',
  menuExcludeName: 'Always leave out everything called',
  menuExcludeExtension: 'Always leave out everything like',
  menuExcludeFolder: 'Always leave out this folder',
  excludedTitle: (rows: number) => `${plural(rows, 'row')} left out by a new rule of the profile`,
  undo: 'Undo',
  excludedBy: (rule: number) => `left out by rule ${rule}`,
  details: 'Details of the row',
  closeDetails: 'Close the details',
  detailSize: 'Size',
  detailTime: 'Changed',
  detailMode: 'Permissions',
  detailOwner: 'Owner',
  detailLink: 'Leads to',
  keys: 'Space ticks, Shift+Space up to here, Shift+F10 opens the menu',
  kinds: { file: 'file', dir: 'folder', link: 'link', device: 'device', special: 'special file' } satisfies Record<
    ItemKind,
    string
  >,
  why: {
    missing: 'It is not on the destination.',
    notInSource: 'It is no longer in the source.',
    onlyOnDestination: 'It is only on the destination. This profile does not delete it unless you tick it.',
    excluded: (rule: number) => `Left out by rule ${rule} of the profile.`,
    size: (both: string, time: string | null) => `Sizes differ: ${both}.${time === null ? '' : ` ${time}`}`,
    newer: (here: string, there: string) => `The source is newer: ${here}, the destination has ${there}.`,
    older: (here: string, there: string) => `The source is older: ${here}, the destination has ${there}.`,
    sameSecond: (time: string) => `Times differ within the same second, ${time}.`,
    checksum: (size: string) => `Contents differ, though both sides have ${size}.`,
    type: (here: string, there: string) => `The source has a ${here} there, the destination a ${there}.`,
    target: (here: string, there: string) => `The link leads to “${here}”, on the destination to “${there}”.`,
    permissions: (here: string, there: string) => `Permissions differ: ${here} and ${there}.`,
    owner: (here: string, there: string) =>
      `Owner or group differs: ${here} in the source, ${there} on the destination.`,
    letters: {
      deleting: 'deleted',
      action: {
        '<': 'content sent',
        '>': 'content received',
        c: 'made or changed in place',
        h: 'linked to another name',
        '.': 'no content',
      },
      isNew: 'new',
      timeNow: 'gets the time of the run',
      columns: [
        'content or target differs',
        'size differs',
        'time differs',
        'permissions differ',
        'owner differs',
        'group differs',
        'access time differs',
        'access control list differs',
        'extended attributes differ',
      ],
    },
  },
  actions: { create: 'Create', update: 'Update', attributes: 'Attributes', delete: 'Delete' } satisfies Record<
    PlanAction,
    string
  >,
  reasons: {
    missing: 'not on the destination',
    size: 'sizes differ',
    time: 'times differ',
    checksum: 'contents differ',
    type: 'another type',
    target: 'link target differs',
    permissions: 'permissions differ',
    owner: 'owner or group differs',
    'not-in-source': 'no longer in the source',
  } satisfies Record<PlanReason, string>,
} as const;

/** `12 items, 4.1 MB, 3 deletions`: what a plan does. */
export function planPhrase(counts: PlanCounts): string {
  const parts: string[] = [];
  const content = counts.create + counts.update;
  if (content > 0) parts.push(`${plural(content, 'item')}`, formatBytes(counts.transferSize));
  if (counts.attributes > 0) parts.push(plural(counts.attributes, 'attribute change'));
  if (counts.delete > 0) parts.push(plural(counts.delete, 'deletion'));
  return parts.join(', ');
}
