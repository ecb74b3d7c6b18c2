#!/usr/bin/env node
/**
 * Runs the script of `driftline rsync` on a small copy and keeps the code V8 made of it, so that later runs start with it.
 *
 *   node build/keep-code.mjs SCRIPT BUILD-ID
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './peers.mjs';

const [file = '', id = ''] = process.argv.slice(2);
/** @type {typeof import('../electron/cli/one-script.ts')} */
const { runScript } = await import(pathToFileURL(join(ROOT, 'dist/one-script.js')).href);

const folder = mkdtempSync(join(tmpdir(), 'driftline-build-'));
try {
  // Nothing of the person who builds is read or written.
  Object.assign(process.env, { HOME: folder, DRIFTLINE_HOME: join(folder, 'home'), SSH_AUTH_SOCK: '', RSYNC_RSH: '' });
  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  mkdirSync(join(from, 'sub'), { recursive: true });
  for (const name of ['a', 'b', 'sub/c']) writeFileSync(join(from, name), name);
  /** @type {{ script: import('node:vm').Script, exports: typeof import('../electron/cli/rsync/command.ts') }} */
  const { script, exports } = runScript(file);
  const words = (/** @type {string[]} */ ...list) => /** @type {any} */ (list);
  await exports.runRsync(words('-a', `${from}/`, to));
  await exports.runRsync(words('-ai', `${from}/`, to));
  // What a connection needs is read before it is refused: nobody listens at port 1.
  mkdirSync(join(folder, '.ssh'));
  writeFileSync(join(folder, '.ssh/config'), 'Host nobody\n  HostName 127.0.0.1\n  Port 1\n');
  await exports.runRsync(words('-a', `${from}/`, 'nobody:to'));
  writeFileSync(`${file}.code`, Buffer.concat([Buffer.from(id, 'latin1'), script.createCachedData()]));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
