import type { Host } from '../../shared/model/host.ts';
import { displayPath } from '../../shared/model/path.ts';
import type { Profile } from '../../shared/model/profile.ts';

/** Every tag in use, each once, in alphabetical order. */
export function tagsOf(profiles: readonly Profile[]): string[] {
  return [...new Set(profiles.flatMap((profile) => profile.tags))].sort((a, b) => a.localeCompare(b));
}

/** Tags as a person types them, between commas: without empty or repeated ones. */
export function parseTags(text: string): string[] {
  return [...new Set(text.split(',').flatMap((tag) => tag.trim() || []))];
}

/**
 * The profiles in which each word of the query is found (in name, tags, host or paths, whatever the case) and that have
 * one of the tags, if any are given.
 */
export function findProfiles(
  profiles: readonly Profile[],
  hosts: readonly Host[],
  query: string,
  tags: ReadonlySet<string>,
): readonly Profile[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0 && tags.size === 0) return profiles;
  const hostNames = new Map(hosts.map((host) => [host.id, `${host.name} ${host.address}`]));
  return profiles.filter((profile) => {
    if (tags.size > 0 && !profile.tags.some((tag) => tags.has(tag))) return false;
    const { name, source, destination } = profile;
    const host = source.kind === 'host' ? source.hostId : destination.kind === 'host' ? destination.hostId : '';
    const text = [name, ...profile.tags, hostNames.get(host) ?? '', ...source.paths, destination.path];
    const all = displayPath(text.join('\n')).toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

/** The ids with one of them moved before (`after`: behind) another; null when that changes nothing. */
export function moved(ids: readonly string[], id: string, target: string, after: boolean): string[] | null {
  if (id === target) return null;
  const rest = ids.filter((each) => each !== id);
  rest.splice(rest.indexOf(target) + (after ? 1 : 0), 0, id);
  return rest.some((each, n) => each !== ids[n]) ? rest : null;
}
