import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { firstLine, ROOT } from '../../build/peers.mjs';
import { peers } from '../support/peers.ts';
import { CIPHER } from './rig.ts';

/**
 * What the figures depend on.
 *
 * @param scratch the folder that holds the data
 */
export function machine(scratch: string): Record<string, string> {
  const ssh2 = dirname(createRequire(import.meta.url).resolve('ssh2/package.json'));
  const native = existsSync(join(ssh2, 'lib/protocol/crypto/build/Release/sshcrypto.node'));
  return {
    commit: commit(),
    processor: `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown'}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    system: `${process.platform} ${release()}`,
    node: process.version,
    rsync: peers().rsyncVersion,
    ssh: sshVersion(),
    'ssh2 ciphers': native ? 'native' : 'JavaScript',
    cipher: CIPHER,
    scratch: `${scratch} (${firstLine('stat', ['-f', '-c', '%T', scratch])})`,
    date: new Date().toISOString(),
    'load before': loadavg()[0]!.toFixed(2),
  };
}

/** What was built, where it comes from a clone. */
function commit(): string {
  const id = firstLine('git', ['-C', ROOT, 'rev-parse', '--short=12', 'HEAD']);
  if (id === '') return 'unknown';
  return firstLine('git', ['-C', ROOT, 'status', '--porcelain', '-uno']) === '' ? id : `${id} with changes`;
}

/** `ssh -V` writes to stderr. */
function sshVersion(): string {
  return execFileSync('sh', ['-c', 'exec "$0" -V 2>&1', peers().ssh], { encoding: 'utf8' }).trim();
}
