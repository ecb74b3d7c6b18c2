import { existsSync } from 'node:fs';
import { OLD_RSYNC, firstLine, which } from '../../build/peers.mjs';

/** The real programs the suites talk to, by absolute path. */
export interface Peers {
  rsync: string;
  /** Stock rsync 3.2.7, unpacked beside the installed one by the setup script. */
  rsync327: string | null;
  sshd: string;
  ssh: string;
  sshKeygen: string;
  chromium: string;
  /** The first line of `rsync --version`, e.g. `rsync  version 3.5.0  protocol version 32`. */
  rsyncVersion: string;
  rsync327Version: string | null;
}

function need(name: string): string {
  const path = which(name);
  if (path === null) throw new Error(`This test needs ${name}; \`node build/setup.mjs test\` installs it on Debian.`);
  return path;
}

let found: Peers | null = null;

/**
 * Where the peers are on this machine.
 *
 * @throws Error naming the first one that is missing: a test that cannot find its peer fails, it does not skip.
 */
export function peers(): Peers {
  if (found === null) {
    const rsync = need('rsync');
    const rsync327 = existsSync(OLD_RSYNC) ? OLD_RSYNC : null;
    found = {
      rsync,
      rsync327,
      sshd: need('sshd'),
      ssh: need('ssh'),
      sshKeygen: need('ssh-keygen'),
      chromium: need('chromium'),
      rsyncVersion: firstLine(rsync, ['--version']),
      rsync327Version: rsync327 === null ? null : firstLine(rsync327, ['--version']),
    };
  }
  return found;
}

/** True inside test/support/keyring.sh, where a real, unlocked keyring answers. */
export function hasKeyring(): boolean {
  return process.env.DRIFTLINE_TEST_KEYRING === '1';
}
