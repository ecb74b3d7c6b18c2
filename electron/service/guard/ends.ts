import { posix, sep } from 'node:path';
import { textToBytes } from '../../../shared/model/path.ts';
import type { ByteString, PathText } from '../../../shared/model/path.ts';
import type { Profile } from '../../../shared/model/profile.ts';

/** The source folders of a profile. */
export const sourcePaths = ({ source }: Profile): PathText[] => source.paths;

/** The folder below the destination that a single source becomes; '' when the destination is shared or the counterpart. */
export function arrivesIn(profile: Profile): ByteString {
  const [first = '', ...others] = sourcePaths(profile).map(textToBytes);
  return profile.contentsOnly || others.length > 0 ? '' : posix.basename(first.replaceAll(sep, '/'));
}

/** How many entries of a plan's totals are the source folders themselves and not content. */
export const ownFolders = (profile: Profile): number => (profile.contentsOnly ? 0 : sourcePaths(profile).length);
