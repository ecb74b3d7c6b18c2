import { formatBytes, formatCount, formatDateTime } from '../../shared/format.ts';
import { displayPath } from '../../shared/model/path.ts';
import type { PlanRow, PlanSide } from '../../shared/model/preview.ts';
import { strings } from './strings.ts';

const t = strings.preview.why;

/**
 * Why a row is in the plan, as a sentence with what both sides have.
 * @param deletes whether the profile deletes what the source lacks
 */
export function explainRow(row: PlanRow, deletes: boolean): string {
  const { source, destination, kind, reason } = row;
  if (row.excludedBy !== null) return t.excluded(row.excludedBy);
  if (reason === 'not-in-source') return deletes ? t.notInSource : t.onlyOnDestination;
  if (source === null || destination === null) return t.missing;
  switch (reason) {
    case 'size':
      return t.size(sizes(source, destination), timeSentence(source, destination));
    case 'time':
      return timeSentence(source, destination) ?? t.sameSecond(formatDateTime(source.mtime * 1000));
    case 'checksum':
      return t.checksum(formatBytes(source.size));
    case 'type':
      return t.type(strings.preview.kinds[kind], strings.preview.kinds[kindOfMode(destination.mode)]);
    case 'target':
      return t.target(displayPath(source.link ?? ''), displayPath(destination.link ?? ''));
    case 'permissions':
      return t.permissions(formatMode(source.mode), formatMode(destination.mode));
    case 'owner':
      return t.owner(owner(source), owner(destination));
    default:
      return t.missing;
  }
}

/** What rsync's itemized string says, in words. */
export function explainItemized(itemized: string): string {
  if (itemized.startsWith('*deleting')) return t.letters.deleting;
  const head = t.letters.action[itemized[0] as keyof typeof t.letters.action] ?? '';
  if (itemized.slice(2).startsWith('+')) return `${head}, ${t.letters.isNew}`;
  const found = t.letters.columns.flatMap((words, i) => {
    const letter = itemized[i + 2];
    return letter === undefined || letter === '.' || letter === ' ' ? [] : [letter === 'T' ? t.letters.timeNow : words];
  });
  return [head, ...found].join(', ');
}

function timeSentence({ mtime }: PlanSide, destination: PlanSide): string | null {
  if (mtime === destination.mtime) return null;
  const [here, there] = [formatDateTime(mtime * 1000), formatDateTime(destination.mtime * 1000)];
  return mtime > destination.mtime ? t.newer(here, there) : t.older(here, there);
}

/** `27 and 21 bytes`, `4.1 MB and 4 MB`; exact where the short forms are the same. */
function sizes(source: PlanSide, destination: PlanSide): string {
  const [here, there] = [formatBytes(source.size), formatBytes(destination.size)];
  if (here === there || (source.size < 1000 && destination.size < 1000))
    return `${formatCount(source.size)} and ${formatCount(destination.size)} bytes`;
  return `${here} and ${there}`;
}

export const owner = ({ uid, gid }: PlanSide): string => `${uid}:${gid}`;

/** Permissions as `ls -l` shows them: `rwxr-xr-x`, with set-id and sticky bits in their places. */
export function formatMode(mode: number): string {
  const bits = [...'rwxrwxrwx'].map((letter, i) => ((mode & (0o400 >> i)) !== 0 ? letter : '-'));
  const special = (bit: number, at: number, letter: string) => {
    if ((mode & bit) !== 0) bits[at] = bits[at] === 'x' ? letter : letter.toUpperCase();
  };
  special(0o4000, 2, 's');
  special(0o2000, 5, 's');
  special(0o1000, 8, 't');
  return bits.join('');
}

function kindOfMode(mode: number): PlanRow['kind'] {
  const type = mode & 0o170000;
  if (type === 0o100000) return 'file';
  if (type === 0o040000) return 'dir';
  if (type === 0o120000) return 'link';
  return type === 0o060000 || type === 0o020000 ? 'device' : 'special';
}
