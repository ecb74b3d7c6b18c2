import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { PathText } from '../../../shared/model/path.ts';
import { SERVER } from './profile-fixture.ts';
import { localViewOf, thisMachine } from './this-machine.ts';

const BLOB = Buffer.from('a public key');
const FINGERPRINT = `SHA256:${createHash('sha256').update(BLOB).digest('base64').replace(/=+$/, '')}`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-machine-'));
  writeFileSync(join(folder, 'ssh_host_ed25519_key.pub'), `ssh-ed25519 ${BLOB.toString('base64')} root@here\n`);
  writeFileSync(join(folder, 'passwd'), 'ada:x:1000:1000:Ada:/home/ada:/bin/sh\nbroken\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

const view = async (path: string, host: Partial<typeof SERVER>) =>
  localViewOf(path as PathText, { ...SERVER, ...host }, await thisMachine(folder, join(folder, 'passwd')));

it('is known for certain by the key of its own server, whatever the address', async () => {
  const hostKey = { algorithm: 'ssh-ed25519', fingerprint: FINGERPRINT };
  expect(await view('/a/../b', { hostKey })).toEqual({ path: '/b', certain: true });
  expect(await view('/b', { hostKey: { ...hostKey, fingerprint: 'SHA256:x' } })).toBeNull();
  expect(await view('/b', { address: '127.0.0.1' })).toEqual({ path: '/b', certain: false });
});

it('paths begin in the login’s home', async () => {
  const here = { address: 'localhost', user: 'ada' };
  for (const path of ['x', '~/x', './x', '~ada/x']) {
    expect(await view(path, here), path).toMatchObject({ path: '/home/ada/x' });
  }
  expect(await view('~', here)).toMatchObject({ path: '/home/ada' });
  expect(await view('~nobody-here/x', here)).toBeNull();
  expect(await view('x', { ...here, user: 'nobody-here' })).toBeNull();
});
