import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../build/peers.mjs';
import { nodeConfig } from '../../build/vite-configs.mjs';

/** Runs in a process of its own: keytar finds its keyring through the environment of the process. */
const CHILD = `
import { systemKeychain } from 'SERVICE/keychain.ts';
import { createSecrets } from 'SERVICE/secrets.ts';
import { systemClock } from 'SERVICE/ports.ts';
const host = { id: crypto.randomUUID(), name: 'n', address: 'a', port: 1, user: 'u', auth: { kind: 'password' }, rsyncPath: '', hostKey: null, createdAt: 0 };
const fresh = () => createSecrets(systemKeychain(), systemClock);
const said = {};
said.backend = await fresh().backend();
said.saved = await fresh().save(host, 'gr\\u00fc\\u00df dich \\u{1f511}');
said.found = await fresh().find(host, 'password');
said.elsewhere = await fresh().find({ ...host, address: 'evil' }, 'password');
await fresh().forget(host.id);
said.forgotten = await fresh().find(host, 'password');
console.log(JSON.stringify(said));
process.exit(0);
`;

let folder = '';
let script = '';
beforeAll(async () => {
  // Inside the repository's own cache, so that its packages are found.
  folder = mkdtempSync(join(ROOT, 'node_modules/.cache/driftline-keychain-'));
  const entry = join(folder, 'child.ts');
  writeFileSync(entry, CHILD.replaceAll('SERVICE', join(ROOT, 'electron/service')));
  await build(nodeConfig({ child: entry }, folder));
  script = join(folder, 'child.js');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The last line of what a program prints; a keyring that D-Bus starts prints before it. */
async function run(program: string, args: string[], env: NodeJS.ProcessEnv = process.env): Promise<unknown> {
  const { stdout } = await promisify(execFile)(program, args, { env });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as unknown;
}

describe('the keychain', () => {
  it('is gnome-keyring in a session that has one: saves, finds, binds, forgets', async () => {
    const said = await run('bash', [join(ROOT, 'test/support/keyring.sh'), process.execPath, script]);
    expect(said).toEqual({
      backend: 'gnome-keyring (Secret Service)',
      saved: true,
      found: 'grüß dich 🔑',
      elsewhere: null,
      forgotten: null,
    });
  });

  it('is none without a session bus: nothing is kept beyond the process', async () => {
    const { DBUS_SESSION_BUS_ADDRESS: _bus, XDG_RUNTIME_DIR: _runtime, DISPLAY: _display, ...env } = process.env;
    expect(await run(process.execPath, [script], env)).toEqual({
      backend: null,
      saved: false,
      found: null,
      elsewhere: null,
      forgotten: null,
    });
  });

  it('that is locked saves nothing, and the secret stays in memory', async () => {
    const home = mkdtempSync(join(folder, 'home-'));
    const { DISPLAY: _display, WAYLAND_DISPLAY: _wayland, DBUS_SESSION_BUS_ADDRESS: _bus, ...env } = process.env;
    const own = { HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home, XDG_RUNTIME_DIR: home };
    const said = await run('dbus-run-session', ['--', process.execPath, script], { ...env, ...own });
    expect(said).toMatchObject({ saved: false, found: null, forgotten: null });
  });
});
