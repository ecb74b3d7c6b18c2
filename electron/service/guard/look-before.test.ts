import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../../../shared/model/host.ts';
import type { Endpoint, Profile } from '../../../shared/model/profile.ts';
import { lookBefore } from './look-before.ts';
import { lookAfter } from './seen.ts';
import { at as place, profileOf as profile, remote, SERVER } from './profile-fixture.ts';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'driftline-guard-')));
  mkdirSync(join(folder, 'source/sub'), { recursive: true });
  writeFileSync(join(folder, 'source/file'), 'x');
  mkdirSync(join(folder, 'home/me'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (path: string): Endpoint =>
  path.startsWith('/') ? place(path) : ({ ...place('/'), path: join(folder, path) } as Endpoint);
const look = (each: Profile) => lookBefore(each, SERVER, null, join(folder, 'home/me'));
const codes = async (each: Profile): Promise<string[]> => (await look(each)).findings.map(({ code }) => code);

describe('the source', () => {
  it('is there and has something in it', async () => {
    expect(await codes(profile(at('source'), at('new/place')))).toEqual([]);
  });
  it.each([
    ['missing', 'nothing/here', 'source-missing'],
    ['a file', 'source/file', 'source-not-folder'],
    ['empty', 'source/sub', 'empty-source'],
  ])('%s', async (_name, path, code) => {
    expect(await codes(profile(at(path), at('mirror')))).toEqual([code]);
  });
  it('unlistable', async () => {
    symlinkSync('loop', join(folder, 'loop'));
    expect(await codes(profile(at('loop'), at('mirror')))).toEqual(['source-unlistable']);
  });
  it('empty is only forgiven where nothing is deleted', async () => {
    const first = async (deletes: boolean) =>
      (await look(profile(at('source/sub'), at('mirror'), { delete: deletes }))).findings[0];
    expect(await first(false)).toMatchObject({ confirmable: true });
    expect(await first(true)).toMatchObject({ confirmable: false });
  });
});

describe('the destination', () => {
  it.each([
    ['/', 'destination-root'],
    ['/..', 'destination-root'],
    ['home/me', 'destination-home'],
    ['home', 'destination-home'],
    ['home/other/../me/', 'destination-home'],
  ])('local %s', async (path, code) => {
    expect(await codes(profile(at('source'), at(path)))).toContain(code);
  });
  it('is judged where links lead', async () => {
    symlinkSync('/', join(folder, 'harmless'));
    symlinkSync(join(folder, 'home/me'), join(folder, 'also'));
    expect(await codes(profile(at('source'), at('harmless')))).toContain('destination-root');
    expect(await codes(profile(at('source'), at('also')))).toEqual(['destination-home']);
    expect(await codes(profile(at('source'), at('also/docs')))).toEqual([]);
  });
  it.each([
    ['', 'destination-empty'],
    ['/', 'destination-root'],
    ['//', 'destination-root'],
    ['/a/..', 'destination-root'],
    ['~', 'destination-home'],
    ['~/', 'destination-home'],
    ['~bob', 'destination-home'],
    ['.', 'destination-home'],
    ['./a/..', 'destination-home'],
    ['../..', 'destination-home'],
  ])('on a server “%s”', async (path, code) => {
    expect(await codes(profile(at('source'), remote(path)))).toEqual([code]);
  });
  it.each(['backup', '/srv/backup', '~/backup', './x', 'a:b'])('on a server “%s” is fine', async (path) => {
    expect(await codes(profile(at('source'), remote(path)))).toEqual([]);
  });
  it('that is a link is told with where it leads, until a good run was there', async () => {
    mkdirSync(join(folder, 'there'));
    symlinkSync(join(folder, 'there'), join(folder, 'link'));
    const linked = profile(at('source'), at('link'));
    const { findings, destinationKey } = await look(linked);
    expect(findings).toMatchObject([
      {
        code: 'destination-link',
        confirmable: true,
        message: `The destination “${join(folder, 'link')}” is a link: the files go to “${join(folder, 'there')}”.`,
        facts: [{ name: 'destination', value: join(folder, 'there') }],
      },
    ]);
    const seen = await lookAfter(linked, destinationKey, 0);
    const again = async () => (await lookBefore(linked, SERVER, seen, '/nowhere')).findings;
    expect(await again()).toEqual([]);
    rmSync(join(folder, 'link'));
    symlinkSync(join(folder, 'source/sub'), join(folder, 'link'));
    expect((await again())[0]).toMatchObject({
      code: 'destination-link',
      facts: [
        { name: 'before', value: join(folder, 'there') },
        { name: 'now', value: join(folder, 'source/sub') },
      ],
    });
  });
  it('has one key for one folder', async () => {
    const key = async (each: Profile) => (await look(each)).destinationKey;
    symlinkSync(join(folder, 'home'), join(folder, 'link'));
    expect(await key(profile(at('source'), at('link/x')))).toBe(await key(profile(at('source'), at('home/y/../x'))));
    expect(await key(profile(at('source'), remote('/a//b/')))).toBe(await key(profile(at('source'), remote('/a/b'))));
    expect(await key(profile(at('source'), remote('/a'), { contentsOnly: false }))).toBe(
      await key(profile(at('source'), remote('/a/source'))),
    );
    expect(await key(profile(at('source'), remote('/a')))).not.toBe(await key(profile(at('source'), at('/a'))));
  });
});

describe('both ends', () => {
  it.each<[string, string, string, boolean, string[]]>([
    ['the same', 'source', 'source', true, ['same-path']],
    ['the same by ..', 'source', 'home/../source/', true, ['same-path']],
    ['destination inside', 'source', 'source/sub', true, ['nested-path']],
    ['destination inside, not there yet', 'source', 'source/a/b', true, ['nested-path']],
    ['source inside', 'source', '', true, ['nested-path']],
    ['onto itself as a folder', 'source', '', false, ['same-path']],
    ['beside, with a like name', 'source', 'source2', true, []],
    ['its own folder beside it', 'source', 'home', true, ['destination-home']],
  ])('%s', async (_name, source, destination, contentsOnly, expected) => {
    const found = await codes(profile(at(source), at(destination), { contentsOnly }));
    expect(found.filter((code) => !(destination === '' && code === 'destination-home'))).toEqual(expected);
  });
  it('the same through a link', async () => {
    symlinkSync(join(folder, 'source'), join(folder, 'link'));
    expect(await codes(profile(at('source'), at('link')))).toContain('same-path');
    expect(await codes(profile(at('link'), at('source/sub')))).toEqual(['nested-path']);
    expect(await codes(profile(at('source'), at('link/not/yet')))).toEqual(['nested-path']);
  });
  it('a folder replaced by another has another identity', async () => {
    const identity = async () => (await look(profile(at('source'), at('mirror')))).identity;
    const before = await identity();
    expect(await identity()).toBe(before);
    symlinkSync(join(folder, 'home'), join(folder, 'mirror'));
    expect(await identity()).not.toBe(before);
  });
});

describe('a host that is this computer', () => {
  const by = (address: string, path: string, more: Partial<Host> = {}) =>
    lookBefore(
      profile(at('source'), remote(path.startsWith('/') ? path : join(folder, path))),
      { ...SERVER, address, ...more },
      null,
      '/nowhere',
    );
  it.each([
    ['127.0.0.1', 'source', 'same-path'],
    ['LOCALHOST', 'source/sub', 'nested-path'],
    ['::1', '', 'nested-path'],
    ['127.9.9.9', 'source/not/yet', 'nested-path'],
    [hostname(), 'home/../source', 'same-path'],
  ])('%s, %s', async (address, path, code) => {
    const { findings } = await by(address, path);
    // Its address alone is no proof: the port may be a tunnel.
    expect(findings).toMatchObject([{ code, confirmable: true }]);
    expect(findings[0]!.message).toContain('the host “server” is this computer');
  });
  it('elsewhere in it, or another computer', async () => {
    expect((await by('127.0.0.1', 'mirror')).findings).toEqual([]);
    expect((await by('server.example', 'source')).findings).toEqual([]);
  });
});
