import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { which } from '../../build/peers.mjs';
import { peers } from '../support/peers.ts';
import { driftline, type Outcome } from '../support/run.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';
import { build, differences, dir, edited, file, link, manifest, randomBytes, type Tree } from '../support/trees.ts';

/**
 * Servers that know fewer options than rsync 3. openrsync and Apple's copy of it are no Debian packages:
 * DRIFTLINE_OPENRSYNC names built ones. Always there is stock rsync behind the same getopt, with Apple's options.
 */
const named = (process.env.DRIFTLINE_OPENRSYNC ?? which('openrsync') ?? '').split(delimiter).filter(existsSync);

/** What `rsync --server` of macOS takes, letters and words; `:` stands for a value. */
const LETTERS = '0468B:CDEFHIKLOPRST:VWabcde:f:ghiklmnopqrtuvxyz';
const WORDS =
  'address: append archive backup backup-dir: block-size: blocking-io bwlimit: cache no-cache checksum checksum-seed: ' +
  'chmod: compare-dest: copy-dest: link-dest: compress compress-level: contimeout: copy-dirlinks copy-links ' +
  'copy-unsafe-links cvs-exclude no-D daemon del delete delete-before delete-during delete-delay delete-after ' +
  'delete-excluded devices no-devices dry-run exclude: exclude-from: executability existing filter: force fuzzy group ' +
  'no-group no-g hard-links help human-readable ignore-errors ignore-existing ignore-non-existing ignore-times include: ' +
  'include-from: inplace ipv4 ipv6 keep-dirlinks links list-only max-delete: max-size: min-size: motd no-motd no-links ' +
  'no-l numeric-ids omit-dir-times owner no-owner no-o one-file-system password-file: partial no-partial partial-dir: ' +
  'perms no-perms no-p port: prune-empty-dirs protocol: quiet read-batch: recursive no-recursive no-r rsh: rsync-path: ' +
  'safe-links sender server size-only sockopts: specials no-specials sparse stats suffix: super no-super temp-dir: ' +
  'timeout: times no-times no-t update verbose no-verbose no-v whole-file no-whole-file no-W only-write-batch: ' +
  'write-batch: progress no-progress relative no-R no-relative remove-sent-files remove-source-files version dirs ' +
  'no-dirs no-implied-dirs files-from: from0 out-format: log-file: log-file-format: log-format: itemize-changes ' +
  'delay-updates modify-window: 8-bit-output';

const big = randomBytes(700_000, 5);
const source: Tree = {
  big: file(edited(big, 3, 40, 8)),
  new: file('n'),
  same: file('same', { mode: 0o640 }),
  link: link('new'),
  'a b': dir({ "it's": file('q'), deep: dir({ f: file('f') }) }),
};
const outdated: Tree = {
  big: file(big, { mtime: 1 }),
  same: file('same', { mode: 0o640 }),
  gone: dir({ x: file('x') }),
  'a b': dir({ old: file('o') }),
};

let folder: string;
let sshd: Sshd;
/** Stock rsync as a server with few options. */
let screened: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-openrsync-'));
  sshd = await startSshd({ passwordUser: false });
  screened = join(folder, 'few options');
  const words = WORDS.split(' ').join(',');
  const check = `getopt -n rsync -o '${LETTERS}' -l '${words}' -- "$@" >/dev/null || { ${`echo 'usage: rsync [-0468B]'; `.repeat(20)} exit 1; } >&2`;
  // It speaks as old a protocol as Apple's, too.
  writeFileSync(screened, `#!/bin/sh\n${check}\nshift\nexec ${peers().rsync} --server --protocol=29 "$@"\n`);
  chmodSync(screened, 0o755);
  writeFileSync(join(folder, 'shell'), '#!/bin/sh\nshift\nexec sh -c "$*"\n');
  chmodSync(join(folder, 'shell'), 0o755);
});
afterAll(async () => {
  await sshd.stop();
  rmSync(folder, { recursive: true, force: true });
});

const src = (): string => join(folder, 'src');
const dst = (): string => join(folder, 'dst');
afterEach(() => [src(), dst()].forEach((path) => rmSync(path, { recursive: true, force: true })));

type Direction = 'push' | 'pull';

/** A transfer with that server through a remote shell of our own, or through the built-in ssh and a real sshd. */
async function transfer(server: string, direction: Direction, args: readonly string[], ssh = false): Promise<Outcome> {
  build(src(), dir(source));
  build(dst(), dir(outdated));
  const host = ssh ? `${sshd.user}@${sshd.host}` : 'there';
  const ends = direction === 'push' ? [`${src()}/`, `${host}:${dst()}/`] : [`${host}:${src()}/`, `${dst()}/`];
  const home = join(folder, 'home');
  mkdirSync(join(home, '.ssh'), { recursive: true });
  const config = [
    'Host *',
    `Port ${sshd.port}`,
    `IdentityFile ${sshd.keyPath}`,
    `UserKnownHostsFile ${sshd.knownHostsFile}`,
  ];
  writeFileSync(join(home, '.ssh/config'), `${config.join('\n')}\n`);
  const env = { HOME: home, DRIFTLINE_HOME: join(folder, 'driftline'), SSH_AUTH_SOCK: '', RSYNC_RSH: '' };
  const shell = ssh ? [] : ['-e', join(folder, 'shell')];
  return driftline(['rsync', ...shell, `--rsync-path='${server}'`, ...args, ...ends], { env });
}

const unlike = (): string[] => differences(manifest(src()), manifest(dst()));

const SERVERS: [name: string, path: () => string][] = [
  ['stock rsync with few options', () => screened],
  ...named.map((path): [string, () => string] => [path, () => path]),
];

describe.each(SERVERS)('%s', (_, server) => {
  describe.each(['push', 'pull'] as const)('%s', (direction) => {
    it.each([
      [['-a', '--delete']],
      [['-avz', '--delete']],
      // What such servers do not know, and can do without.
      [['-a', '--delete', '--info=name2,del']],
      [['-az', '--old-compress', '--delete', '--stderr=all', '--max-alloc=2g', '--no-whole-file']],
    ])('mirrors with %j', async (args) => {
      const { code, stderr } = await transfer(server(), direction, args);
      expect({ code, stderr, unlike: unlike() }).toEqual({ code: 0, stderr: '', unlike: [] });
    });

    it('mirrors through ssh with words that it does not know', async () => {
      const { code, stderr } = await transfer(server(), direction, ['-avv', '--delete', '--info=name2,del'], true);
      // Whom it reaches is told for each login: there is one.
      const login = expect.stringMatching(/^\S+ is \S+ \(.*\)\n$/) as string;
      expect({ code, stderr, unlike: unlike() }).toEqual({ code: 0, stderr: login, unlike: [] });
    });

    it.each([
      ['-aU', '--atimes (-U)'],
      ['-a --iconv=UTF-8,ISO-8859-1', '--iconv'],
    ])('names what it cannot do, of %j, and changes nothing', async (args, option) => {
      const { code, stderr } = await transfer(server(), direction, ['--delete', ...args.split(' ')]);
      expect(code).toBe(1);
      expect(stderr).toContain(` does not know ${option}.\n`);
      expect(stderr).not.toContain('usage:');
      const after = manifest(dst());
      rmSync(dst(), { recursive: true });
      build(dst(), dir(outdated));
      expect(differences(after, manifest(dst()))).toEqual([]);
    });
  });
});

if (named.length === 0) it.skip('openrsync: not run (DRIFTLINE_OPENRSYNC names none)', () => {});
