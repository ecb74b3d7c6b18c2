import { describe, expect, it } from 'vitest';
import { HOSTS, PROFILES } from '../dev/samples.ts';
import { findProfiles, moved, parseTags, tagsOf } from './profile-list.ts';

const profiles = PROFILES.map((profile, n) => ({
  ...profile,
  tags: n === 0 ? ['home', 'weekly'] : n === 3 ? ['work'] : [],
}));
const found = (query: string, ...tags: string[]): string[] =>
  findProfiles(profiles, HOSTS, query, new Set(tags)).map((profile) => profile.name);

describe('findProfiles', () => {
  it('gives everything, in order, when nothing is asked', () => {
    expect(findProfiles(profiles, HOSTS, '  ', new Set())).toBe(profiles);
  });
  it('finds each word in names, tags, hosts and paths, whatever the case', () => {
    expect(found('PHOTOS')).toEqual(['Photos']);
    expect(found('example.org')).toEqual(['Web site']);
    expect(found('weekly mirror')).toEqual(['Photos']);
    expect(found('العائلة')).toEqual(['صور العائلة']);
    expect(found('photos nothing-like-it')).toEqual([]);
  });
  it('takes any of the tags, and the words as well', () => {
    expect(found('', 'home', 'work')).toEqual(['Photos', 'Documents']);
    expect(found('docu', 'home', 'work')).toEqual(['Documents']);
  });
});

it('lists each tag once', () => {
  expect(tagsOf([...profiles, profiles[0]!])).toEqual(['home', 'weekly', 'work']);
});

it('reads tags between commas', () => {
  expect(parseTags(' home, ,two words,home,')).toEqual(['home', 'two words']);
});

describe('moved', () => {
  it.each([
    ['c', 'a', false, 'cab'],
    ['a', 'b', true, 'bac'],
    ['a', 'c', true, 'bca'],
    ['a', 'c', false, 'bac'],
  ])('%s to %s (behind: %s) → %s', (id, target, after, order) => {
    expect(moved(['a', 'b', 'c'], id, target, after)?.join('')).toBe(order);
  });
  it('says when nothing changes', () => {
    expect(moved(['a', 'b'], 'a', 'a', true)).toBeNull();
    expect(moved(['a', 'b'], 'a', 'b', false)).toBeNull();
  });
});
