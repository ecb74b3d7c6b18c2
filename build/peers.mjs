/**
 * The real programs the tests talk to: where they are, which Debian package brings them, and what is missing.
 * Used by the setup script (plain Node, before anything is installed), the test runner and test/support/peers.ts.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Where things that can be made again are kept; goes away with node_modules. */
export const CACHE = join(ROOT, 'node_modules/.cache/driftline');

/** An older stock rsync, unpacked beside the installed one so that both protocols are spoken to. */
export const OLD_RSYNC = join(CACHE, 'rsync-3.2.7/usr/bin/rsync');

/** sshd and friends live in sbin, which is not on every account's PATH. */
const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];

/**
 * @param {string} name a program's file name
 * @returns {string | null} its absolute path
 */
export function which(name) {
  for (const folder of FOLDERS) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not in this folder
    }
  }
  return null;
}

/**
 * @param {string} program
 * @param {string[]} args
 * @returns {string} the first line it prints, or ''
 */
export function firstLine(program, args) {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0] ?? '';
  } catch {
    return '';
  }
}

/** True where keytar's native module was built and loads. The keyring behind it may still be missing. */
export function keytarLoads() {
  try {
    createRequire(import.meta.url)('keytar');
    return true;
  } catch {
    return false;
  }
}

/** Every program the peer suites need, and the Debian package that has it. */
export const PEER_PROGRAMS = {
  rsync: 'rsync',
  sshd: 'openssh-server',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  chromium: 'chromium',
  'dbus-run-session': 'dbus',
  'gnome-keyring-daemon': 'gnome-keyring',
  setfattr: 'attr',
  setfacl: 'acl',
};

/** Debian packages `npm test` needs: the peers, fonts for the screenshots, and what keytar is built with. */
export const TEST_PACKAGES = [
  ...new Set(Object.values(PEER_PROGRAMS)),
  'fonts-dejavu-core',
  'strace',
  'procps',
  'libsecret-1-dev',
  'pkg-config',
  'python3',
  'make',
  'g++',
];

/** @returns {string[]} what the peer suites need and this machine lacks */
export function missingPeers() {
  const missing = Object.keys(PEER_PROGRAMS).filter((name) => which(name) === null);
  if (!keytarLoads()) missing.push('keytar');
  if (!existsSync(OLD_RSYNC)) missing.push('rsync 3.2.7');
  return missing;
}
