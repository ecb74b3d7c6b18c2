import type { ImportOffer, ImportStanding } from '../../../shared/model/import.ts';
import { displayPath } from '../../../shared/model/path.ts';
import { sourceEnds, type Endpoint, type Profile } from '../../../shared/model/profile.ts';
import { strings } from '../../lib/strings.ts';

/** One thing that an export offers, in words. All of them may be hostile: they are only ever text. */
export interface ImportEntry {
  id: string;
  name: string;
  standing: ImportStanding;
  /** Where it leads. */
  text: string;
  /** What deserves a second look before it is ever run. */
  cautions: string[];
}

export function importEntries(offer: ImportOffer): { hosts: ImportEntry[]; profiles: ImportEntry[] } {
  const t = strings.importing;
  const place = (end: Endpoint): string => {
    if (end.kind === 'local') return displayPath(end.path);
    const host = offer.hosts.find((each) => each.host.id === end.hostId)?.host;
    return `${host === undefined ? strings.app.unknownHost : displayPath(host.name)}:${displayPath(end.path)}`;
  };
  return {
    hosts: offer.hosts.map(({ standing, host }) => ({
      id: host.id,
      name: displayPath(host.name),
      standing,
      text: displayPath(`${host.user}@${host.address}:${host.port}`),
      cautions: host.rsyncPath === '' ? [] : [t.remoteProgram(displayPath(host.rsyncPath))],
    })),
    profiles: offer.profiles.map(({ standing, profile }) => ({
      id: profile.id,
      name: displayPath(profile.name),
      standing,
      text: `${sourceEnds(profile.source).map(place).join(', ')} → ${place(profile.destination)}`,
      cautions: profile.options.delete ? [t.deletes] : [],
    })),
  };
}

const hostsOf = ({ source, destination }: Profile): string[] =>
  [source, destination].flatMap((end) => (end.kind === 'host' ? [end.hostId] : []));

/** New hosts of the export that what is chosen leads to, and those that they are reached through. */
export function neededHosts(offer: ImportOffer, isChosen: (id: string) => boolean): ReadonlySet<string> {
  const hosts = new Map(offer.hosts.map(({ host }) => [host.id, host]));
  const isNew = new Set(offer.hosts.flatMap(({ standing, host }) => (standing === 'new' ? [host.id] : [])));
  const through = (id: string): string[] => {
    const jump = hosts.get(id)?.jumpHostId;
    return jump ? [jump] : [];
  };
  const needed = new Set<string>();
  const open = [
    ...offer.profiles.filter(({ profile }) => isChosen(profile.id)).flatMap(({ profile }) => hostsOf(profile)),
    ...offer.hosts.filter(({ host }) => isChosen(host.id)).flatMap(({ host }) => through(host.id)),
  ];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (needed.has(id) || !isNew.has(id)) continue;
    needed.add(id);
    open.push(...through(id));
  }
  return needed;
}
