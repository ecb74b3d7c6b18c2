import type { PathText } from '../../shared/model/path.ts';
import { DEFAULT_PROFILE_OPTIONS, type Endpoint, type Profile, type ProfileDraft } from '../../shared/model/profile.ts';
import { baseName } from './endpoint.ts';

/** Inside the home folder of the user on the server: it can be written, and nobody has to type it. */
const FIRST_FOLDER = 'backup';

/** A folder or the one it lies in: `/srv/x/` → `/srv`; '' for a name without a folder. */
function parentOf(path: string): string {
  const clean = path.replace(/\/+$/, '');
  const cut = clean.lastIndexOf('/');
  return cut > 0 ? clean.slice(0, cut) : path.startsWith('/') ? '/' : '';
}

/**
 * The folder that a new mirror may go into: where the newest profile of that place has its own.
 * @param hostId '' for this computer
 */
export function suggestFolder(profiles: readonly Profile[], hostId: string): string {
  const there = profiles.filter(({ destination: end }) => (end.kind === 'host' ? end.hostId : '') === hostId);
  const newest = there.reduce<Profile | null>((best, p) => (best && best.createdAt >= p.createdAt ? best : p), null);
  if (newest === null) return hostId === '' ? '' : FIRST_FOLDER;
  return newest.contentsOnly ? parentOf(newest.destination.path) || FIRST_FOLDER : newest.destination.path;
}

/** `base`, or `base 2`, `base 3` …: a name that no profile has. */
export function freeName(base: string, profiles: readonly Profile[]): string {
  const taken = new Set(profiles.map((profile) => profile.name.toLowerCase()));
  let name = base;
  for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${base} ${n}`;
  return name;
}

/** A profile with safe defaults: the folders themselves go into the destination, nothing is deleted. */
export function mirrorDraft(
  sources: readonly PathText[],
  destination: Endpoint,
  profiles: readonly Profile[],
): ProfileDraft {
  const base = baseName(sources[0]!) || sources[0]!;
  return {
    name: freeName(base, profiles),
    tags: [],
    source: { kind: 'local', paths: [...sources] },
    destination,
    contentsOnly: false,
    options: DEFAULT_PROFILE_OPTIONS,
  };
}
