import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lookBefore } from './look-before.ts';
import { at, profileOf } from './profile-fixture.ts';
import { createSeenStore, lookAfter, type Seen } from './seen.ts';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'driftline-seen-')));
  for (const name of ['source', 'mirror']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'source/file'), 'x');
});
afterEach(() => rmSync(folder, { recursive: true }));

const profile = () => profileOf(at(folder, 'source'), at(folder, 'mirror'));
const look = async (seen: Seen | null) => (await lookBefore(profile(), null, seen, '/nowhere')).findings;

describe('what is kept', () => {
  it('comes back as it was, and is forgotten', async () => {
    const store = createSeenStore(folder);
    const seen = await lookAfter(profile(), 'key', 12);
    expect(store.of('p')).toBeNull();
    store.keep('p', seen);
    expect(store.of('p')).toEqual(seen);
    store.forget('p');
    store.forget('p');
    expect(store.of('p')).toBeNull();
  });
  it.each(['', '{', '{"sources":[]}', `{"__proto__":{},"x":${'1'.repeat(100)}}`])('%s is no record', (text) => {
    writeFileSync(join(folder, 'p.json'), text);
    expect(createSeenStore(folder).of('p')).toBeNull();
  });
});

it('what has not changed is not remarked on', async () => {
  const seen = await lookAfter(profile(), 'key', 1);
  writeFileSync(join(folder, 'mirror/new'), 'x');
  expect(await look(seen)).toEqual([]);
});

it('a record of other paths says nothing', async () => {
  const seen = await lookAfter(profileOf(at('/usr'), at('/opt')), 'key', 1);
  expect(await look(seen)).toEqual([]);
});

it('a destination made anew is another folder; a source may be', async () => {
  const seen = await lookAfter(profile(), 'key', 1);
  if (seen.destination!.folder === null) return; // a file system that tells none apart
  rmSync(join(folder, 'source'), { recursive: true });
  mkdirSync(join(folder, 'source'));
  writeFileSync(join(folder, 'source/file'), 'x');
  expect(await look(seen)).toEqual([]);
  rmSync(join(folder, 'mirror'), { recursive: true });
  mkdirSync(join(folder, 'mirror'));
  expect(await look(seen)).toMatchObject([{ code: 'destination-replaced', confirmable: true }]);
});

/** Mounting needs root, and a container that allows it. */
function canMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.runIf(process.platform === 'linux' && canMount())('a disk that is not connected', () => {
  it.each(['source', 'mirror'])('%s', async (name) => {
    const place = join(folder, name);
    execFileSync('mount', ['-t', 'tmpfs', 'disk', place]);
    let seen: Seen;
    try {
      writeFileSync(join(place, 'file'), 'x');
      seen = await lookAfter(profile(), 'key', 1);
      expect(await look(seen)).toEqual([]);
    } finally {
      execFileSync('umount', [place]);
    }
    const end = name === 'source' ? 'source' : 'destination';
    const [found] = (await look(seen)).filter(({ code }) => code.endsWith('-volume'));
    expect(found).toMatchObject({
      code: `${end}-volume`,
      confirmable: true,
      facts: [{ name: end, value: place }, { name: 'before', value: place }, { name: 'now' }],
    });
    expect(found!.message).toContain(`was on ${place} (tmpfs, disk) at the last good run and is now on /`);
  });
});
