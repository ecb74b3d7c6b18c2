#!/usr/bin/env node
/**
 * `npm test [-- vitest filters]`: builds, runs every suite and ends with one line, `N passed, N failed`.
 *
 * The suites that talk to real peers (rsync, sshd, Chromium, a keyring) are "not run" where a peer is missing, unless
 * DRIFTLINE_REQUIRE_PEERS=1 says that this machine must have them. A skipped test fails the run unless
 * test/expected-skip.json lists it with a reason.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ROOT, missingPeers } from './peers.mjs';

const PLAIN = ['unit', 'renderer', 'wire', 'pair', 'hostile'];
const WITH_PEERS = ['interop', 'differential', 'service', 'e2e'];

const filters = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), 'driftline-test-'));
const total = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const unexpectedSkips = [];

/** @param {string[]} command */
function run(command) {
  return new Promise((resolve) => {
    const child = spawn(command[0] ?? '', command.slice(1), { cwd: ROOT, stdio: 'inherit' });
    child.on('error', () => resolve(1));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** @returns {Map<string, string>} `file > test name` → why it may be skipped */
function expectedSkips() {
  const file = join(ROOT, 'test/expected-skip.json');
  return new Map(existsSync(file) ? Object.entries(JSON.parse(readFileSync(file, 'utf8'))) : []);
}

/**
 * @param {string} name
 * @param {string[]} projects
 * @param {string[]} wrapper a command that runs its arguments
 */
async function runSuites(name, projects, wrapper) {
  const report = join(scratch, `${name}.json`);
  const code = await run([
    ...wrapper,
    process.execPath,
    join(ROOT, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--config',
    'build/vitest.config.mjs',
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...projects.flatMap((project) => ['--project', project]),
    ...filters,
  ]);
  if (!existsSync(report)) {
    total.failed += 1;
    return;
  }
  /** @type {{ testResults: { name: string, status: string, assertionResults: { status: string, fullName: string }[] }[] }} */
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const expected = expectedSkips();
  const failedBefore = total.failed;
  for (const file of testResults) {
    let failedHere = 0;
    for (const test of file.assertionResults) {
      if (test.status === 'passed') total.passed += 1;
      else if (test.status === 'failed') failedHere += 1;
      else {
        total.skipped += 1;
        const title = `${relative(ROOT, file.name)} > ${test.fullName}`;
        if (!expected.has(title)) unexpectedSkips.push(title);
      }
    }
    // A file that could not be read, or whose hooks failed, has no failed test of its own.
    total.failed += file.status === 'failed' ? Math.max(failedHere, 1) : failedHere;
  }
  // Errors outside any test (an unhandled rejection) end vitest with a failure too.
  if (code !== 0 && total.failed === failedBefore) total.failed += 1;
}

try {
  if ((await run([process.execPath, join(ROOT, 'build/build.mjs')])) !== 0) {
    console.log('\nThe build failed, so no test was run.\n0 passed, 1 failed');
    process.exitCode = 1;
  } else {
    await runSuites('plain', PLAIN, []);
    const missing = missingPeers();
    if (missing.length === 0) {
      await runSuites('peers', WITH_PEERS, [join(ROOT, 'test/support/keyring.sh')]);
    } else {
      for (const suite of WITH_PEERS) console.log(`${suite}: not run (needs ${missing.join(', ')})`);
      if (process.env.DRIFTLINE_REQUIRE_PEERS === '1') {
        console.log('DRIFTLINE_REQUIRE_PEERS=1: that is a failure here.');
        total.failed += WITH_PEERS.length;
      }
    }
    for (const title of unexpectedSkips) console.log(`skipped, but not on test/expected-skip.json: ${title}`);
    total.failed += unexpectedSkips.length;
    if (total.skipped > 0) console.log(`\nnot run: ${total.skipped} (test/expected-skip.json says why)`);
    console.log(`\n${total.passed} passed, ${total.failed} failed`);
    process.exitCode = total.failed > 0 ? 1 : 0;
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
