#!/usr/bin/env node
/**
 * `npm run screenshots`: takes the pictures of build/screenshots anew. They are those of the settings (in the harness)
 * and of the test that mirrors a folder
 * to a real sshd (test/e2e/mirror.test.ts), with places under /srv named as a reader would name them; so a picture shows
 * nothing that the program does not do. Needs what that test needs, and a /srv that it may write to.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './peers.mjs';

const node = process.execPath;
/** @param {string} command @param {string[]} args @param {NodeJS.ProcessEnv} [env] */
function run(command, args, env = {}) {
  const { status } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) process.exit(status ?? 1);
}

run(node, ['build/build.mjs']);
run(
  join(ROOT, 'test/support/keyring.sh'),
  [
    node,
    'node_modules/vitest/vitest.mjs',
    'run',
    '--config',
    'build/vitest.config.mjs',
    '--project',
    'e2e',
    'test/e2e/mirror.test.ts',
    'test/e2e/settings.test.ts',
  ],
  { DRIFTLINE_SCREENSHOTS: '1' },
);
