import type { GuardFinding } from '../../../shared/model/guard.ts';
import { displayPath, textToBytes } from '../../../shared/model/path.ts';
import type { PathText } from '../../../shared/model/path.ts';
import { finding, quoted } from './finding.ts';
import { seeEnd } from './seen.ts';
import type { SeenEnd } from './seen.ts';
import { isOtherVolume, volumeWords } from './volume.ts';

const CONNECTED = 'Is the disk or share connected? If the change is meant, confirm it.';

/**
 * Whether a local end is where the last good run found it: on the same volume, and for a destination the same folder.
 * @param before null when this path has not been seen yet
 */
export async function compareWithSeen(
  end: 'source' | 'destination',
  path: PathText,
  before: SeenEnd | null,
): Promise<GuardFinding[]> {
  if (before === null) return [];
  const now = await seeEnd(path);
  if (isOtherVolume(before.volume, now.volume)) {
    const message =
      `The ${end} ${quoted(textToBytes(path))} was on ${volumeWords(before.volume)} at the last good run ` +
      `and is now on ${volumeWords(now.volume)}.`;
    return [
      finding(`${end}-volume`, message, CONNECTED, {
        confirmable: true,
        facts: { [end]: now.real, before: before.volume.mountPoint, now: now.volume.mountPoint },
      }),
    ];
  }
  if (before.real !== now.real) {
    const message = `The ${end} ${quoted(textToBytes(path))} led to “${displayPath(before.real)}” at the last good run and leads to “${displayPath(now.real)}” now.`;
    return [
      finding(`${end}-link`, message, 'If the change is meant, confirm it.', {
        confirmable: true,
        facts: { before: before.real, now: now.real },
      }),
    ];
  }
  // Programs make their output folder anew each time, so for a source this says nothing.
  if (end === 'destination' && before.folder !== null && now.folder !== null && before.folder !== now.folder) {
    return [
      finding(
        'destination-replaced',
        `The destination “${displayPath(now.real)}” is not the folder of the last good run: another one has taken its place.`,
        'Was it restored or made anew? Then confirm it.',
        { confirmable: true, facts: { destination: now.real } },
      ),
    ];
  }
  return [];
}
