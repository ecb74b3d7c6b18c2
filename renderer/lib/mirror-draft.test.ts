import { describe, expect, it } from 'vitest';
import type { Profile } from '../../shared/model/profile.ts';
import { HOSTS, path, PROFILES } from '../dev/samples.ts';
import { freeName, mirrorDraft, suggestFolder } from './mirror-draft.ts';

const [photos] = PROFILES as [Profile];
const at = (createdAt: number, to: string, contentsOnly: boolean, hostId: string | null): Profile => ({
  ...photos,
  createdAt,
  contentsOnly,
  destination: hostId === null ? { kind: 'local', path: path(to) } : { kind: 'host', hostId, path: path(to) },
});
const host = HOSTS[0]!.id;

describe('suggestFolder', () => {
  it('has a folder for the first mirror on a host, and none on this computer', () => {
    expect(suggestFolder([], host)).toBe('backup');
    expect(suggestFolder([], '')).toBe('');
  });
  it('takes the folder of the newest profile there', () => {
    const profiles = [at(2, '/srv/new', false, host), at(1, '/srv/old', false, host), at(3, '/mnt/usb', false, null)];
    expect(suggestFolder(profiles, host)).toBe('/srv/new');
    expect(suggestFolder(profiles, '')).toBe('/mnt/usb');
  });
  it.each([
    ['/srv/mirror/photos/', '/srv/mirror'],
    ['/photos', '/'],
    ['photos', 'backup'],
  ])('takes the folder around %s when only contents go there', (to, folder) => {
    expect(suggestFolder([at(1, to, true, host)], host)).toBe(folder);
  });
});

describe('mirrorDraft', () => {
  it('is named after the first folder, and deletes nothing', () => {
    const draft = mirrorDraft([path('/a/Music'), path('/a/Video')], photos.destination, [photos]);
    expect(draft).toMatchObject({ name: 'Music', contentsOnly: false, source: { paths: ['/a/Music', '/a/Video'] } });
    expect(draft.options.delete).toBe(false);
  });
  it('finds a name that is free, whatever the case', () => {
    const profiles = ['Photos', 'photos 2'].map((name) => ({ ...photos, name }));
    expect(freeName('PHOTOS', profiles)).toBe('PHOTOS 3');
    expect(freeName('Music', profiles)).toBe('Music');
  });
  it('names the root by its path', () => {
    expect(mirrorDraft([path('/')], photos.destination, []).name).toBe('/');
  });
});
