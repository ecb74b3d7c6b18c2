import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PathText } from '../../shared/model/path.ts';
import { DEFAULT_PROFILE_OPTIONS } from '../../shared/model/profile.ts';
import type { Endpoint, Profile } from '../../shared/model/profile.ts';
import type { PlanCounts } from '../../shared/model/preview.ts';
import { guardError, judgeCounts, lookBefore } from './guard.ts';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'driftline-guard-')));
  mkdirSync(join(folder, 'source/sub'), { recursive: true });
  writeFileSync(join(folder, 'source/file'), 'x');
  mkdirSync(join(folder, 'home/me'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const SERVER = { address: 'server', port: 22 };
const at = (path: string): Endpoint => ({
  kind: 'local',
  path: (path.startsWith('/') ? path : join(folder, path)) as PathText,
});
const remote = (path: string): Endpoint => ({ kind: 'host', hostId: '00000000', path: path as PathText });

const profile = (
  source: Endpoint,
  destination: Endpoint,
  more: { contentsOnly?: boolean; delete?: boolean } = {},
): Profile => ({
  id: '00000000-0000-4000-8000-000000000000',
  name: 'p',
  source,
  destination,
  contentsOnly: more.contentsOnly ?? true,
  options: { ...DEFAULT_PROFILE_OPTIONS, delete: more.delete ?? false },
  createdAt: 0,
  lastRun: null,
});
const codes = async (each: Profile): Promise<string[]> =>
  (await lookBefore(each, SERVER, join(folder, 'home/me'))).findings.map((finding) => finding.code);

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
    const look = async (deletes: boolean) =>
      (await lookBefore(profile(at('source/sub'), at('mirror'), { delete: deletes }), SERVER)).findings[0];
    expect(await look(false)).toMatchObject({ confirmable: true });
    expect(await look(true)).toMatchObject({ confirmable: false });
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
  it('has one key for one folder', async () => {
    const key = async (each: Profile) => (await lookBefore(each, SERVER)).destinationKey;
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
    expect(await codes(profile(at('source'), at('link')))).toEqual(['same-path']);
    expect(await codes(profile(at('link'), at('source/sub')))).toEqual(['nested-path']);
    expect(await codes(profile(at('source'), at('link/not/yet')))).toEqual(['nested-path']);
  });
  it('a folder replaced by another has another identity', async () => {
    const look = async () => (await lookBefore(profile(at('source'), at('mirror')), SERVER)).identity;
    const before = await look();
    expect(await look()).toBe(before);
    symlinkSync(join(folder, 'home'), join(folder, 'mirror'));
    expect(await look()).not.toBe(before);
  });
});

describe('the plan', () => {
  const counts = (more: Partial<PlanCounts>): PlanCounts => ({
    create: 0,
    update: 0,
    attributes: 0,
    delete: 0,
    unchanged: 0,
    destinationTotal: 0,
    sourceTotal: 10,
    transferSize: 0,
    deleteSize: 0,
    ...more,
  });
  const judge = (each: PlanCounts, issues = 0, contentsOnly = true): string[] =>
    judgeCounts(profile(remote('/a'), at('mirror'), { delete: true, contentsOnly }), each, issues).map(
      (finding) => finding.code,
    );

  it.each<[number, number, boolean]>([
    [0, 0, false],
    [5, 10, false],
    [6, 10, true],
    [1, 1, true],
    [1, 2, false],
    [2, 3, true],
  ])('%i deletions of %i entries: stop %s', (deletions, total, stops) => {
    expect(judge(counts({ delete: deletions, destinationTotal: total }))).toEqual(stops ? ['many-deletions'] : []);
  });
  it('does not count the folder itself', () => {
    expect(judge(counts({ delete: 1, destinationTotal: 2 }), 0, false)).toEqual(['many-deletions']);
    expect(judge(counts({ sourceTotal: 1 }), 0, false)).toEqual(['empty-source']);
    expect(judge(counts({ sourceTotal: 1 }))).toEqual([]);
  });
  it('an empty source can never be confirmed', () => {
    const findings = judgeCounts(
      profile(remote('/a'), at('m'), { delete: true }),
      counts({ sourceTotal: 0, delete: 3, destinationTotal: 3 }),
      0,
    );
    expect(guardError(findings, ['empty-source', 'many-deletions'])?.data).toMatchObject({
      kind: 'guard',
      code: 'empty-source',
      exitCode: 4,
    });
  });
  it('deletions after an incomplete listing can never be confirmed', () => {
    expect(judge(counts({ delete: 1, destinationTotal: 10 }), 1)).toEqual(['source-incomplete']);
    expect(judge(counts({ destinationTotal: 10 }), 1)).toEqual([]);
  });
  it('a confirmation covers its own code', () => {
    const findings = judgeCounts(
      profile(remote('/a'), at('m'), { delete: true }),
      counts({ delete: 3, destinationTotal: 3 }),
      0,
    );
    expect(guardError(findings, [])?.data.details).toEqual({ confirmable: true, codes: ['many-deletions'] });
    expect(guardError(findings, ['same-path'])).not.toBeNull();
    expect(guardError(findings, ['many-deletions'])).toBeNull();
  });
});
