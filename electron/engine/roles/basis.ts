import type { ByteString } from '../../../shared/model/path.ts';
import type { FileEntry } from '../flist/entry.ts';
import type { Stat } from '../fs/fs.ts';
import { BasisType, isDevice, isReg } from '../wire/constants.ts';
import type { AltMatch } from './alt-dest.ts';
import type { Place } from './destination.ts';
import type { Fuzzy } from './fuzzy.ts';
import type { ReceiveState } from './receive-state.ts';

/** A file that new content is built from. The receiver opens this one, whatever the sender echoes. */
export interface Basis {
  /** `BasisType`, or below it the index of the alternate folder that has a file of the same name. */
  readonly type: number;
  /** The name sent along with a fuzzy type. */
  readonly xname: ByteString | null;
  readonly place: Place;
  readonly stat: Stat;
}

export interface BasisCandidates {
  place: Place;
  /** What stands at the entry's name and is to be replaced. */
  existing: Stat | null;
  alternate: AltMatch | null;
  fuzzy: Fuzzy | null;
  /** Second attempt after a failed verification. */
  again: boolean;
}

/**
 * The best there is to make a delta against: what an interrupted run left, the file itself, one of its name in another
 * folder, one of a similar name.
 * @throws fs if the backup that is to serve as the basis cannot be made; then the file must stay
 */
export function chooseBasis(
  state: ReceiveState,
  entry: FileEntry,
  { place, existing, alternate, fuzzy, again }: BasisCandidates,
): Basis | null {
  const { partials, backup } = state;
  const { append, dryRun, inplace, writeDevices } = state.conn.options;
  const partial = partials.on ? partials.find(place) : null;
  if (partial) return { ...partial, type: BasisType.PARTIAL, xname: null };
  if (existing) {
    if (!isReg(existing.mode) && !(writeDevices && isDevice(existing.mode))) return null;
    const copy = inplace && isReg(existing.mode) && !again && !dryRun ? backup.keep(place, existing, true) : null;
    if (copy) return { type: BasisType.BACKUP, xname: null, place: copy, stat: existing };
    return { type: BasisType.DESTINATION, xname: null, place, stat: existing };
  }
  // What is appended needs the beginning in the file itself, not in another one.
  if (append !== 'off' && !again) return null;
  if (alternate) return { type: alternate.index, xname: null, place: alternate.place, stat: alternate.view.stat };
  return fuzzy?.find(entry, place) ?? null;
}
