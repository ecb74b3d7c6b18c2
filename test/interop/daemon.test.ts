import { chmodSync, lchownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { driftline, type Outcome, run, type RunOptions } from '../support/run.ts';
import { stockRsync } from '../support/routes.ts';
import { build, differences, dir, edited, file, link, manifest, randomBytes, type Tree } from '../support/trees.ts';

const big = randomBytes(700_000, 1);
const TREE: Tree = {
  'a.txt': file('hello\n', { mode: 0o600 }),
  big: file(big),
  link: link('a.txt'),
  '-dash': file('1'),
  'two words': file('2'),
  'bad\xff': file('3'),
  'back\\slash': file('4'),
  '[a]?': file('5'),
  'x data': dir({ deep: file('6') }),
  list: file('big\nsub/b\n'),
  sub: dir({ b: file('7'), c: dir({ d: file('8') }) }, { mode: 0o750 }),
};
const SECRETS = ['alice:s3cret', 'bob:pw', 'blank:'];
const LOCKED = ['auth users = alice bob:ro carol:deny', 'secrets file = %SECRETS%', 'read only = no'];

let daemon: Daemon;
let old: Daemon;
let folder: string;
let password: string;
let list: string;

beforeAll(async () => {
  daemon = await startDaemon({
    motd: 'Welcome\n\x1b[31mfriend\n',
    secrets: SECRETS,
    modules: {
      data: ['comment = to read'],
      rw: ['read only = no'],
      write: ['read only = no', 'write only = yes'],
      hidden: ['list = no'],
      slow: ['timeout = 60'],
      locked: LOCKED,
      denied: ['hosts deny = *'],
      full: ['max connections = -1'],
      refuses: ['read only = no', 'refuse options = checksum perms'],
      gone: ['path = /no/such/folder'],
      'odd name': [],
    },
  });
  old = await startDaemon({
    program: stockRsync('3.2.7'),
    secrets: SECRETS,
    modules: { data: [], rw: ['read only = no'], locked: LOCKED },
  });
  for (const { folder: at } of [daemon, old]) {
    for (const name of ['data', 'locked']) build(join(at, name), dir(TREE));
  }
  for (const name of ['hidden', 'slow', 'odd name', 'refuses']) build(join(daemon.folder, name), dir({ x: file('x') }));
});
afterAll(() => Promise.all([daemon.stop(), old.stop()]));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-daemon-'));
  password = join(folder, 'password');
  list = join(folder, 'list');
  writeFileSync(list, 'a.txt\nsub/c\nnone\n');
  writeFileSync(password, 's3cret\nmore\n', { mode: 0o600 });
  symlinkSync(list, join(folder, 'foreign'));
  lchownSync(join(folder, 'foreign'), 1234, 1234);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Judged {
  stock: Outcome;
  ours: Outcome;
}

/** The same words by stock rsync and by Driftline. URL, HOST and DEST stand for what differs between runs. */
async function both(args: readonly string[], options: RunOptions = {}, at = daemon): Promise<Judged> {
  const outcomes: Outcome[] = [];
  for (const who of ['stock', 'ours '] as const) {
    const place = join(folder, who);
    mkdirSync(place, { recursive: true });
    rmSync(join(at.folder, 'rw'), { recursive: true, force: true });
    mkdirSync(join(at.folder, 'rw'));
    const words = args.map((word) =>
      word
        .replace('URLDIR', at.folder)
        .replace('URL', at.url)
        .replace('HOST', at.host)
        .replace('DEST', place)
        .replace('PASSWORD', password)
        .replace('LIST', list)
        .replace('FOREIGN', join(folder, 'foreign')),
    );
    // A port of its own is what --port is for.
    const all = args.some((word) => word.includes('HOST')) ? [`--port=${at.port}`, ...words] : words;
    const env = {
      HOME: folder,
      DRIFTLINE_HOME: join(folder, 'driftline'),
      RSYNC_RSH: '/no/such/shell',
      ...options.env,
    };
    const more = { ...options, env: { USER: 'alice', RSYNC_PASSWORD: undefined, ...env } };
    outcomes.push(await (who === 'stock' ? run(stockRsync('3.5'), all, more) : driftline(['rsync', ...all], more)));
    const written = manifest(join(at.folder, 'rw'));
    // What a push made is looked at where a pull would have put it.
    if (written.size > 1) build(join(place, 'pushed'), dir({}));
    if (written.size > 1) await run('cp', ['-a', `${join(at.folder, 'rw')}/.`, join(place, 'pushed')]);
  }
  return { stock: outcomes[0]!, ours: outcomes[1]! };
}

const lines = ({ stdout }: Outcome): string[] => stdout.split('\n').sort();

/** Equal codes, lines and trees; complaints where stock complains. */
function expectSame({ stock, ours }: Judged, times = true): void {
  expect({ code: ours.code, complains: ours.stderr !== '', stderr: ours.stderr }).toEqual({
    ...{ code: stock.code, complains: stock.stderr !== '', stderr: ours.stderr },
  });
  expect(lines(ours)).toEqual(lines(stock));
  const trees = ['stock', 'ours '].map((who) => manifest(join(folder, who), { times }));
  for (const tree of trees) for (const name of ['.', 'pushed']) tree.delete(name);
  expect(differences(trees[0]!, trees[1]!)).toEqual([]);
}

describe('lists', () => {
  it.each<[string, string[]]>([
    ['modules by ::', ['HOST::']],
    ['modules by rsync://', ['URL']],
    ['modules by rsync:// and a slash', ['URL/']],
    ['modules, though a destination is named', ['HOST::', 'DEST']],
    ['nothing of the modules with --no-motd', ['--no-motd', 'URL']],
    ['nothing with --quiet', ['-q', 'URL']],
    ['by the command of the protocol', ['HOST::#list']],
    ['a module', ['HOST::data']],
    ['a module that is not listed', ['URL/hidden']],
    ['a module with a blank in its name', ['URL/odd name']],
    ['a folder, recursively', ['-r', 'HOST::data/sub']],
    ['a pattern', ['HOST::data/*.[tx]*']],
    ['a file, though a destination is named', ['--list-only', 'HOST::data/a.txt', 'DEST']],
    ['a file behind dots', ['HOST::data/sub/../a.txt']],
    ['what is not there', ['HOST::data/none']],
  ])('%s', async (_name, args) => expectSame(await both(args)));

  it('escapes what a daemon says', async () => {
    const { ours } = await both(['URL']);
    expect(ours.stdout).toContain('\\#033[31mfriend');
  });
});

describe('pulls', () => {
  it.each<[string, string[]]>([
    ['a module', ['-ai', 'HOST::data', 'DEST']],
    ['a module by its address', ['-ai', 'URL/data/', 'DEST']],
    ['a folder by its name', ['-ai', 'URL/data/sub', 'DEST']],
    ['several sources', ['-ai', 'HOST::data/a.txt', '::data/sub', 'HOST::hidden/x', 'DEST']],
    ['names with blanks and backslashes', ['-ai', 'URL/data/two words', 'URL/data/x data', 'DEST']],
    ['relative names', ['-aiR', 'HOST::data/sub/c', 'DEST']],
    ['compressed', ['-aiz', 'HOST::data', 'DEST']],
    ['with links, ACLs and attributes', ['-aiHAX', 'HOST::data', 'DEST']],
    ['names of a list here', ['-ai', '--files-from=LIST', 'HOST::data', 'DEST']],
    ['names of a list there', ['-ai', '--files-from=:list', 'HOST::data', 'DEST']],
    ['with a filter of the module', ['-ai', '--delete', '--exclude=a*', 'HOST::data', 'DEST']],
    ['with protocol 30', ['-ai', '--protocol=30', 'URL/data', 'DEST']],
    ['with protocol 29', ['-aiz', '--protocol=29', 'URL/data', 'DEST']],
    ['with protocol 29, to the daemon', ['-ai', '--delete', '--protocol=29', 'URLDIR/data/', 'URL/rw']],
    [
      'with protocol 31, a seed and a limit',
      ['-ai', '--protocol=31', '--checksum-seed=7', '--bwlimit=10m', 'URL/data', 'DEST'],
    ],
    ['with a timeout of the module and one of ours', ['-ai', '--timeout=100', 'URL/slow', 'DEST']],
    [
      'by IPv4, from an address, with socket options',
      ['-4', '--address=127.0.0.1', '--sockopts=TCP_NODELAY,SO_KEEPALIVE=1', '-t', 'URL/data/a.txt', 'DEST'],
    ],
    ['with an unknown socket option', ['--sockopts=NO_SUCH', '-t', 'URL/data/a.txt', 'DEST']],
    ['without the message of the day', ['-ai', '--no-motd', 'URL/data/sub', 'DEST']],
    ['with early input', ['--early-input=LIST', '-t', 'URL/data/a.txt', 'DEST']],
    ['with early input that is too long', ['--early-input=URLDIR/data/big', 'URL/data/a.txt', 'DEST']],
    ['with early input by a link of another user', ['--early-input=FOREIGN', '-t', 'URL/data/a.txt', 'DEST']],
    ['within the time to connect', ['--contimeout=30', '-t', 'URL/data/a.txt', 'DEST']],
  ])('%s', async (_name, args) => expectSame(await both(args)));

  it('what begins with a dash', async () => {
    // Stock rsync lets the daemon take it for an option.
    expect((await both(['URL/data/-dash', 'DEST'])).ours).toMatchObject({ code: 0, stderr: '' });
  });

  it.each<[string, string[]]>([
    ['a module', ['-ai', 'HOST::data', 'DEST']],
    ['a path with a value that a shell would read', ['-aib', '--no-t', '--suffix=.a b$', 'URL/data', 'DEST']],
  ])('%s from rsync 3.2.7', async (_name, args) => expectSame(await both(args, {}, old), !args.includes('--no-t')));
});

describe('pushes', () => {
  const source = () => {
    build(join(folder, 'src'), dir({ ...TREE, big: file(edited(big, 5, 2000, 3)) }));
    return `${join(folder, 'src')}/`;
  };

  it.each<[string, string[], string]>([
    ['into a module', ['-ai'], 'HOST::rw'],
    ['into a folder of a module', ['-ai'], 'URL/rw/folder'],
    ['into a folder with blanks and a backslash', ['-ai'], 'URL/rw/two words\\x'],
    ['and deletes', ['-ai', '--delete', '--exclude=sub'], 'HOST::rw/'],
    ['as a dry run', ['-ain'], 'URL/rw'],
    ['compressed, late, with partial files', ['-aiz', '--delay-updates', '--partial-dir=.p'], 'URL/rw'],
    ['names of a list here', ['-ai', '--files-from=LIST'], 'URL/rw'],
    ['with backups named with backslashes and blanks', ['-aib', '--no-t', '--suffix=\\b c'], 'URL/rw'],
    ['into a module that takes nothing', ['-ai'], 'URL/data'],
    ['into a module that refuses an option', ['-ai'], 'URL/refuses'],
  ])('%s', async (_name, args, to) => expectSame(await both([...args, source(), to]), !args.includes('--no-t')));

  it('into a module that gives nothing back', async () => {
    expectSame(await both(['URL/write', 'DEST']));
    const { ours } = await both(['-a', source(), 'URL/write']);
    expect(ours).toMatchObject({ code: 0, stderr: '' });
  });

  it('a delta, and the whole of it comes back', async () => {
    const from = source();
    build(join(folder, 'before'), dir({ big: file(big, { mtime: 5 }) }));
    await run('cp', ['-a', join(folder, 'before/big'), join(daemon.folder, 'write')]);
    const { code, stdout } = await driftline([
      'rsync',
      '-a',
      '--no-motd',
      '--stats',
      `${from}big`,
      `${daemon.url}/write/`,
    ]);
    expect(code).toBe(0);
    expect(Number(/Literal data: ([\d,]+)/.exec(stdout)![1]!.replaceAll(',', ''))).toBeLessThan(200_000);
    expect(manifest(join(daemon.folder, 'write')).get('big')).toEqual(manifest(join(folder, 'src')).get('big'));
  });
});

describe('logins', () => {
  it.each<[string, string[], RunOptions]>([
    ['with RSYNC_PASSWORD', ['URL/locked'], { env: { RSYNC_PASSWORD: 's3cret' } }],
    ['as the user of the address', ['rsync://bob@URL/locked'], { env: { RSYNC_PASSWORD: 'pw' } }],
    ['as LOGNAME', ['HOST::locked'], { env: { RSYNC_PASSWORD: 'pw', USER: undefined, LOGNAME: 'bob' } }],
    ['as nobody', ['HOST::locked'], { env: { RSYNC_PASSWORD: 'pw', USER: undefined, LOGNAME: undefined } }],
    ['with a password file', ['--password-file=PASSWORD', 'URL/locked'], {}],
    ['with standard input', ['--password-file=-', 'URL/locked'], { input: 's3cret\n' }],
    [
      'with a file before the environment',
      ['--password-file=PASSWORD', 'URL/locked'],
      { env: { RSYNC_PASSWORD: 'x' } },
    ],
    ['with a wrong password', ['URL/locked'], { env: { RSYNC_PASSWORD: 'wrong' } }],
    ['with an empty password', ['URL/locked'], { env: { RSYNC_PASSWORD: '' } }],
    ['as a denied user', ['carol@HOST::locked'], { env: { RSYNC_PASSWORD: 'x' } }],
    ['as a user who may only read', ['PASSWORD', 'bob@HOST::locked'], { env: { RSYNC_PASSWORD: 'pw' } }],
    ['with nobody to ask', ['URL/locked'], {}],
    ['with no password file', ['--password-file=/no/such', 'URL/locked'], {}],
    ['where none is asked for', ['--password-file=/no/such', 'URL/data'], {}],
  ])('%s', async (_name, args, options) => {
    const words = args.map((word) => word.replace('rsync://bob@URL', daemon.url.replace('//', '//bob@')));
    expectSame(await both(words, options));
  });

  it('with a password file others may read', async () => {
    chmodSync(password, 0o644);
    const judged = await both(['--password-file=PASSWORD', 'URL/locked']);
    expectSame(judged);
    expect(judged.ours).toMatchObject({ code: 1 });
    expect(judged.ours.stderr).toContain('password file must not be other-accessible');
  });

  it('at rsync 3.2.7', async () => {
    expectSame(await both(['-ai', '--password-file=PASSWORD', 'URL/locked', 'DEST'], {}, old));
  });
});

describe('refusals', () => {
  it.each<[string, string[]]>([
    ['an unknown module', ['HOST::none']],
    ['a module this address may not use', ['HOST::denied']],
    ['a full module', ['HOST::full', 'DEST']],
    ['a module without its folder', ['HOST::gone', 'DEST']],
    ['no module', ['HOST::/data', 'DEST']],
    ['a path outside', ['HOST::data/../../etc/passwd', 'DEST']],
    ['a closed port', ['rsync://127.0.0.1:1/data', 'DEST']],
    ['a name that is none', ['rsync://no-such-host.invalid/data', 'DEST']],
    ['an address that is not ours', ['--address=192.0.2.1', 'URL/data', 'DEST']],
    ['an address of the other family', ['-6', 'URL/data', 'DEST']],
    ['two daemons', ['HOST::data/a.txt', 'HOST::rw']],
    ['sources of two kinds', ['HOST::data/a.txt', ':data/a.txt', 'DEST']],
    ['sources of two users', ['HOST::data/a.txt', 'bob@HOST::data/a.txt', 'DEST']],
    ['a password file without a daemon', ['--password-file=PASSWORD', 'PASSWORD', 'DEST']],
    ['a time to connect without a daemon', ['--contimeout=5', 'PASSWORD', 'DEST']],
  ])('%s', async (_name, args) => expectSame(await both(args)));
});
