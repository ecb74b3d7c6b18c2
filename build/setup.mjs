#!/usr/bin/env node
/**
 * Makes a bare clone ready for one npm script: Debian packages where they can be installed, then `npm ci`.
 * Plain JavaScript on node: modules only, because nothing is installed when it first runs. Does nothing, in a few
 * milliseconds, when all is there.
 *
 *   node build/setup.mjs start|demo|build|test|check|bench|fuzz|faults|screenshots
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { CACHE, OLD_RSYNC, ROOT, TEST_PACKAGES, firstLine, keytarLoads, missingPeers, which } from './peers.mjs';

const OLD_RSYNC_VERSION = '3.2.7';
const STAMP = join(ROOT, 'node_modules/.driftline-setup');

const script = process.argv[2] ?? '';
const needsPeers = ['test', 'bench', 'fuzz', 'faults', 'screenshots'].includes(script);
const isDebian = existsSync('/etc/debian_version') && which('apt-get') !== null;
const canInstall = isDebian && process.getuid?.() === 0;

/** @param {string} text */
const say = (text) => console.log(`setup: ${text}`);

/**
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [more]
 */
function run(program, args, more = {}) {
  return spawnSync(program, args, { cwd: ROOT, stdio: 'inherit', ...more }).status === 0;
}

/** @param {string[]} packages */
function notInstalled(packages) {
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f=${Package} ${db:Status-Status}\n', ...packages], {
    encoding: 'utf8',
  });
  const have = new Set(
    (stdout ?? '')
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((l) => l.split(' ')[0]),
  );
  return packages.filter((name) => !have.has(name));
}

/** @param {string[]} args */
function apt(args, cwd = ROOT) {
  return run('apt-get', ['-q', ...args], { cwd, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
}

function installDebianPackages() {
  if (!isDebian) {
    const missing = missingPeers().filter((name) => name !== 'keytar' && name !== 'rsync 3.2.7');
    if (missing.length > 0)
      say(`the tests with real peers need ${missing.join(', ')}; without them they are "not run".`);
    return;
  }
  const missing = notInstalled(TEST_PACKAGES);
  if (missing.length === 0) return;
  const line = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (!canInstall) {
    say(`the tests with real peers are "not run" until you type:\n\n    sudo ${line}\n`);
    return;
  }
  say(`installing ${missing.join(' ')}`);
  if (apt(['update']) && apt(line.split(' ').slice(1))) return;
  say(`that failed; the tests with real peers are "not run" until this works:\n\n    ${line}\n`);
}

/** What an installed node_modules depends on. */
function fingerprint() {
  const lock = readFileSync(join(ROOT, 'package-lock.json'));
  const facts = [process.versions.modules, process.platform, process.arch];
  const hash = createHash('sha256').update(lock);
  for (const fact of facts) hash.update('\0').update(fact);
  return hash.digest('hex');
}

function installNodePackages(wanted = fingerprint()) {
  const env = { ...process.env };
  // node-gyp otherwise downloads the headers that Debian's and NodeSource's nodejs already put here.
  if (existsSync('/usr/include/node/node.h') && process.execPath.startsWith('/usr/')) env.npm_config_nodedir = '/usr';
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund'];
  say('installing the packages of package-lock.json');
  const ok =
    npm !== undefined && npm.endsWith('.js')
      ? run(process.execPath, [npm, ...args], { env })
      : run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, { env });
  if (!ok) {
    say('that failed. When the cause above is mended, type:\n\n    npm ci\n');
    process.exit(1);
  }
  writeFileSync(STAMP, wanted);
}

/** Unpacks Debian's older rsync beside the installed one, without installing it. */
function unpackOldRsync() {
  if (existsSync(OLD_RSYNC) || !canInstall) return;
  const offered = () =>
    (spawnSync('apt-cache', ['madison', 'rsync'], { encoding: 'utf8' }).stdout ?? '')
      .split('\n')
      .map((line) => line.split('|')[1]?.trim() ?? '')
      .find((version) => version.startsWith(OLD_RSYNC_VERSION));
  const version = offered() ?? (apt(['update']) ? offered() : undefined);
  if (version === undefined) {
    say(`no rsync ${OLD_RSYNC_VERSION} is offered here; the tests that speak to it are "not run".`);
    return;
  }
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'deb-'));
  try {
    // apt drops privileges while downloading; `-o` keeps it from warning that it cannot write to this folder.
    if (!apt(['-o', 'APT::Sandbox::User=root', 'download', `rsync=${version}`], folder)) return;
    const deb = readdirSync(folder).find((name) => name.endsWith('.deb'));
    if (deb === undefined || !run('dpkg-deb', ['-x', join(folder, deb), join(folder, 'tree')])) return;
    const home = dirname(dirname(dirname(OLD_RSYNC)));
    rmSync(home, { recursive: true, force: true });
    renameSync(join(folder, 'tree'), home);
    say(`unpacked ${firstLine(OLD_RSYNC, ['--version'])}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (!['start', 'demo', 'build', 'test', 'check', 'bench', 'fuzz', 'faults', 'screenshots'].includes(script)) {
  console.error('usage: node build/setup.mjs start|demo|build|test|check|bench|fuzz|faults|screenshots');
  process.exit(1);
}
if (needsPeers) installDebianPackages();

const wanted = fingerprint();
const installed = existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted;
if (!installed) installNodePackages(wanted);
// keytar is optional: npm leaves it out where it cannot be built, and only a fresh `npm ci` brings it back.
if (needsPeers && !keytarLoads()) {
  if (installed && canInstall) installNodePackages(wanted);
  if (!keytarLoads())
    say(
      'keytar could not be built; the keychain tests are "not run". It needs libsecret-1-dev, pkg-config, make, g++ and python3, then:\n\n    npm ci\n',
    );
} else if (!installed && !keytarLoads()) {
  say('no keychain module could be built here: passwords will be asked for each time and kept in memory only.');
}
if (needsPeers) unpackOldRsync();
