#!/usr/bin/env node
/**
 * `npm run test:upstream [-- TEST…]`: rsync's own test suite with `driftline rsync` in the place of rsync and stock
 * rsync as its peer. Nothing of the suite is part of this project: its public source is fetched into the cache folder,
 * or DRIFTLINE_UPSTREAM names an unpacked copy, which is left as it is. Never part of `npm test`: tests of races spend
 * seconds each, and some take fixed ports.
 *
 * Root may do what others may not, and many tests are about that: root runs the suite twice, as itself and as nobody.
 *
 * Tests that cannot say anything about this program are left out by test/upstream-not-applicable.json, with reasons.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CACHE, ROOT, which } from './peers.mjs';

const SOURCE = 'https://github.com/RsyncProject/rsync.git';
const VERSION = 'v3.5.0';
/** What the suite itself calls: listings in its own form, group ids, device numbers. The others test rsync's C code. */
const HELPERS = 'tls trimslash t_unsafe t_chmod_secure t_secure_relpath wildtest getgroups getfsdev'.split(' ');
const NEEDS = ['rsync', 'git', 'python3', 'gcc', 'make', 'autoconf', 'aclocal', 'setfacl', 'setfattr', 'setpriv'];
/** Seconds: for one test, and for one that tries to win a race. */
const LIMITS = ['--timeout=180', '--race-timeout=3'];
/**
 * Why a test skips itself, and what it is run again with: a pipe cannot carry what some need, and a race may be lost.
 * @type {[RegExp, string][]}
 */
const AGAIN = [
  [/^SKIP.*(TCP|socket|use-tcp)/, '--use-tcp'],
  [/^SKIP.*race did not/, '--race-timeout=15'],
];

/** @type {Record<string, Record<string, string[]>>} user → reason → tests */
const NOT_APPLICABLE = JSON.parse(readFileSync(join(ROOT, 'test/upstream-not-applicable.json'), 'utf8'));

/** @param {string} why */
function notRun(why) {
  console.log(`upstream: not run (${why})`);
  process.exit(0);
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {string} cwd
 */
const succeeds = (program, args, cwd) => spawnSync(program, args, { cwd, stdio: 'ignore' }).status === 0;

/** @returns {string} a folder with the suite's source */
function source() {
  const given = process.env.DRIFTLINE_UPSTREAM;
  if (given) return existsSync(join(given, 'runtests.py')) ? given : (notRun(`${given} has no runtests.py`) ?? '');
  const cached = join(CACHE, `upstream-${VERSION}`);
  if (existsSync(cached)) return cached;
  mkdirSync(CACHE, { recursive: true });
  const fresh = mkdtempSync(join(CACHE, 'upstream-'));
  const clone = ['clone', '--quiet', '--depth=1', `--branch=${VERSION}`, SOURCE, join(fresh, 'rsync')];
  if (succeeds('git', clone, ROOT)) renameSync(join(fresh, 'rsync'), cached);
  rmSync(fresh, { recursive: true, force: true });
  return existsSync(cached)
    ? cached
    : (notRun('its source cannot be fetched; DRIFTLINE_UPSTREAM may name a copy') ?? '');
}

/**
 * A copy of the source with what the suite calls, and this program under rsync's name.
 * @param {string} from the source
 * @param {string} folder
 */
function prepare(from, folder) {
  cpSync(from, folder, { recursive: true, filter: (path) => !path.endsWith('/.git') });
  // Without what only rsync itself is linked with.
  const without = ['openssl', 'xxhash', 'zstd', 'lz4', 'md2man'].map((name) => `--disable-${name}`);
  const built =
    succeeds('aclocal', ['-I', 'm4'], folder) &&
    succeeds('autoconf', ['-o', 'configure.sh'], folder) &&
    succeeds('autoheader', [], folder) &&
    succeeds('./configure.sh', [...without, '--with-included-popt', '--with-included-zlib'], folder) &&
    succeeds('make', HELPERS, folder);
  if (!built) throw new Error('the helpers of the suite cannot be built');
  const script = `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'dist/cli.js')}' rsync "$@"\n`;
  writeFileSync(join(folder, 'rsync'), script, { mode: 0o755 });
  // Where a program that is installed would be: scripts of batch files call it by its name.
  mkdirSync(join(folder, 'bin'));
  writeFileSync(
    join(folder, 'bin/driftline'),
    `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'dist/cli.js')}' "$@"\n`,
    { mode: 0o755 },
  );
}

/**
 * Whom the suite is run as; without ids, who we are.
 * @typedef {{ name: string, ids: { uid: number, gid: number } | null }} User
 */

/** @returns {User[]} */
function users() {
  if (process.getuid?.() !== 0) return [{ name: `uid${process.getuid?.()}`, ids: null }];
  const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+)/m.exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
  const nobody = { name: 'nobody', ids: { uid: Number(uid), gid: Number(gid) } };
  return [{ name: 'root', ids: null }, ...(uid === undefined ? [] : [nobody])];
}

/**
 * The words that start a program as a user. Tests of groups need a second one to be in.
 * @param {User} user
 * @returns {string[]}
 */
const as = ({ ids }) =>
  ids === null ? [] : ['setpriv', `--reuid=${ids.uid}`, `--regid=${ids.gid}`, `--groups=${ids.gid},1`];

/**
 * @param {string} folder of the prepared suite, which all may read
 * @param {User} user
 * @param {string[]} args
 * @returns {Promise<Map<string, string>>} test → its line, `PASS name` or `SKIP name (why)`; a failure's has its log
 */
function suite(folder, user, args) {
  // Beside the suite, which some tests copy whole.
  const scratch = join(dirname(folder), `as-${user.name}`);
  mkdirSync(scratch, { recursive: true });
  if (user.ids !== null) chownSync(scratch, user.ids.uid, user.ids.gid);
  const peer = which('rsync') ?? '';
  const run = ['runtests.py', `--rsync-bin=${join(folder, 'rsync')}`, `--rsync-bin2=${peer}`, `--tooldir=${folder}`];
  // Of folders that another user may not enter, a search makes an error.
  const programs = user.ids === null ? process.env.PATH : '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin';
  const PATH = `${join(folder, 'bin')}:${programs}`;
  const env = { ...process.env, PATH, scratchbase: scratch, DRIFTLINE_HOME: join(scratch, 'home') };
  const [program = '', ...words] = [...as(user), 'python3', ...run, ...LIMITS, ...args];
  const child = spawn(program, words, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  /** @type {Map<string, string>} */
  const outcomes = new Map();
  let rest = '';
  /** @type {string[]} */
  let log = [];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, outcome, name] = /^(PASS|FAIL|SKIP|XFAIL) +(\S+)/.exec(line) ?? [];
      if (outcome === undefined || name === undefined) {
        log.push(line);
        continue;
      }
      console.log(line);
      outcomes.set(name, outcome === 'FAIL' ? [...log, line].join('\n') : line);
      log = [];
    }
  });
  return new Promise((resolve, reject) => child.on('error', reject).on('close', () => resolve(outcomes)));
}

/**
 * One pass, its counts printed.
 * @param {string} folder
 * @param {User} user
 * @param {string[]} names of tests; none = all that apply
 * @returns {Promise<boolean>} whether none failed
 */
async function pass(folder, user, names) {
  console.log(`\nas ${user.name}`);
  const [program = '', ...words] = [...as(user), join(folder, 'rsync'), '--version'];
  if (!succeeds(program, words, folder)) {
    console.log(`upstream as ${user.name}: not run (${user.name} cannot run ${join(ROOT, 'dist/cli.js')})`);
    return true;
  }
  /** @type {Record<string, string[]>} reason → tests */
  const groups = {
    ...NOT_APPLICABLE['as every user'],
    ...(user.name !== 'root' && NOT_APPLICABLE['as others than root']),
  };
  const notApplicable = Object.values(groups).flat();
  const some = names.length > 0 ? names : [`--exclude=${notApplicable.join(',')}`];
  const outcomes = await suite(folder, user, ['-j2', ...some]);
  for (const [why, option] of AGAIN) {
    const skipped = [...outcomes].filter(([, line]) => why.test(line)).map(([name]) => name);
    if (skipped.length === 0) continue;
    for (const [name, line] of await suite(folder, user, [option, ...skipped])) outcomes.set(name, line);
  }
  if (outcomes.size === 0) throw new Error('the suite ran no test');

  const lines = [...outcomes.values()];
  const failed = lines.filter((line) => !/^(PASS|SKIP|XFAIL)/.test(line));
  for (const line of failed) console.log(`\n${line}`);
  const count = (/** @type {string} */ outcome) => lines.filter((line) => line.startsWith(outcome)).length;
  const skipped = `${count('SKIP')} skipped by the suite`;
  const apart = names.length === 0 ? `, ${notApplicable.length} not applicable` : '';
  if (names.length === 0)
    for (const [reason, tests] of Object.entries(groups)) console.log(`not applicable, ${tests.length}: ${reason}`);
  console.log(`\nas ${user.name}: ${count('PASS')} passed, ${failed.length} failed${apart}, ${skipped}`);
  return failed.length === 0;
}

if (process.platform !== 'linux') notRun('needs Linux');
const missing = NEEDS.filter((name) => which(name) === null);
if (missing.length > 0) notRun(`needs ${missing.join(', ')}`);

// Before there is a folder to remove: without it nothing is run.
const from = source();
const place = mkdtempSync(join(tmpdir(), 'driftline-upstream-'));
try {
  const folder = join(place, 'suite');
  prepare(from, folder);
  chmodSync(place, 0o755);
  const names = process.argv.slice(2);
  for (const user of users()) if (!(await pass(folder, user, names))) process.exitCode = 1;
} finally {
  rmSync(place, { recursive: true, force: true });
}
