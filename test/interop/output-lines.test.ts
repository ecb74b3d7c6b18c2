import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peers } from '../support/peers.ts';
import { CLI, DRIFTLINE_RSYNC } from '../support/run.ts';
import { build, dir, edited, fifo, file, link, randomBytes, type Tree } from '../support/trees.ts';

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'driftline-lines-'));
  writeFileSync(join(root, 'rsh'), '#!/bin/sh\nshift\nexec sh -c "$*"\n');
  chmodSync(join(root, 'rsh'), 0o755);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const BIG = randomBytes(1_234_567, 1);
const WEIRD = 'we\tird\n\x80\\#123 \xc3\xa9';
const SOURCE: Tree = {
  a: file('hi\n'),
  big: file(BIG),
  d: dir({ b: file('new\n'), same: file('same\n'), e: dir() }),
  fifo: fifo(),
  'fi\nfo': fifo(),
  l: link('a'),
  perm: file('perm\n'),
  [WEIRD]: file('x'),
};
const DESTINATION: Tree = {
  big: file(edited(BIG, 3, 100, 2), { mtime: 1 }),
  d: dir({ b: file('old!!\n'), same: file('same\n') }, { mode: 0o700 }),
  extra: dir({ x: dir(), y: file('') }),
  lost: link('a'),
  perm: file('perm\n', { mode: 0o600 }),
};

type Route = 'local' | 'push' | 'pull';

interface Printed {
  code: number | null;
  out: string;
  err: string;
  log: string;
}

/** One run in a folder of its own; both programs work in folders of the same name. */
function printed(program: readonly string[], route: Route, options: readonly string[]): Printed {
  const place = join(root, 'place');
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place);
  build(join(place, 'src'), dir(SOURCE));
  build(join(place, 'dst'), dir(DESTINATION));
  const remote = route === 'local' ? [] : ['-e', join(root, 'rsh')];
  const source = route === 'pull' ? `h:${place}/src/` : 'src/';
  const destination = route === 'push' ? `h:${place}/dst` : 'dst';
  const listing = options.includes('--list-only');
  const words = [...options, ...remote, source, ...(listing ? [] : [destination])];
  const result = spawnSync(program[0]!, [...program.slice(1), ...words], {
    cwd: place,
    encoding: 'latin1',
    env: { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
  });
  const log = join(place, 'log');
  return {
    code: result.status,
    out: masked(result.stdout),
    err: masked(result.stderr),
    log: existsSync(log) ? masked(readFileSync(log, 'latin1')) : '',
  };
}

/** Without what no two runs share: rates, times, traffic, process ids, progress within a file, which a slow
 * machine shows more often. */
const masked = (text: string): string =>
  text
    .replace(/^opening connection using: .*\n/gm, '')
    .replace(/^[\d/]{10} [\d:]{8} \[\d+\] /gm, 'TIME [PID] ')
    .replace(/[\d.,]+[KMG]? bytes\/sec/g, 'RATE bytes/sec')
    .replace(/sent [\d.,KM]+ bytes {2}received [\d.,KM]+ bytes/g, 'sent N bytes  received N bytes')
    .replace(/speedup is [\d.,]+/g, 'speedup is N')
    .replace(/(Total bytes (?:sent|received)|File list size): [\d,.KM]+/g, '$1: N')
    .replace(/(generation|transfer) time: [\d.]+/g, '$1 time: N')
    .replace(/\r *[\d,.]+[KM]? +\d+% +[\d.]+[kMG]B\/s +[\d:?]+ {2}/g, '')
    .replace(/hash_hits=\d+/g, 'hash_hits=N')
    .replace(/ *[\d.]+[kMG]B\/s +[\d:?]+/g, ' RATE')
    .replace(/(\r[^\r\n]*\(xfr[^\r\n]*)(\r[^\r\n]*\(xfr[^\r\n]*)+$/gm, '$1');

const sorted = (text: string): string => text.split('\n').sort().join('\n');

const FORMATS = [
  "%i:%n:%l:%'l:%''l:%U:%G:%B:%M:%f:%o:%m:%%:%L|",
  "[%10n][%-10n][%10'l][%-10l][%5i][%q][%h][%.3n][%5%]%",
  '%b %c %C %n',
];

const EVERYWHERE: readonly (readonly string[])[] = [
  ...['-a', '-av', '-avv --delete', '-ai --delete', '-aii', '-aivv', '-rv', '-aq -v', '-avn --delete'],
  ...['-av --info=name0 --delete', '-av --info=name0,del0 --delete', '-a --info=del --delete', '-a --info=name2'],
  ...['-av --info=none', '-rv --info=nonreg0', '-av --info=flist0', '-av --info=flist2 --no-i-r', '-av --no-i-r'],
  ...['-a --stats', '-av --stats -h', '-a --stats --no-h', '-a --stats --info=stats1', '-a --info=stats2'],
  ...['-a --progress', '-aP --no-i-r', '-avP', '-ahP', '-a --info=progress', '-aP --info=flist0,name0'],
  ...['-a --info=progress2', '-av --info=progress2', '-avv --no-whole-file'],
  ...[
    '-a --out-format=',
    '-av --out-format=%o.%n --delete',
    '-aii --out-format=%o',
    '-a --progress --out-format=%b.%n',
  ],
  ...['-acn --out-format=%C.%n', '-ac --cc=md5 --out-format=%C.%n', '-ai --out-format=%n', '-av --stderr=all'],
  ...['-a --list-only', '-av --drop-D', '-aU --list-only', '-rh --list-only', '-rv --list-only'],
].map((text) => text.split(' '));

const LOGS: readonly (readonly string[])[] = [
  ...['-a', '-av', '-ai --delete', '-aq', '-av --stats', '-an', '-ain', '-a --delete --log-file-format=%o:%n:%l'],
  ...[
    '-a --delete --log-file-format=%n',
    '-a --delete --log-file-format=',
    '-av --no-i-r',
    '-r',
    '-a --log-file-format=%C.%n',
  ],
].map((text) => [...text.split(' '), '--log-file=log']);

const SERVED: readonly (readonly string[])[] = [
  ...['-av --delete', '-avv --delete', '-ai --delete', '-aivv', '-a --info=name2', '-rv --info=nonreg0', '-a --stats'],
  ...['-av --info=none', '-av --info=skip2 --ignore-existing', '-a --out-format=%o.%n --delete', '-avn --delete'],
  ...['-a --list-only', '-a --progress', '-a --info=del --delete', '-av --stderr=client', '-aq -vv'],
].map((text) => text.split(' '));

const SERVED_LOGS: readonly (readonly string[])[] = [
  ...['-a --delete', '-aHi', '-aii', '-avv --delete', '-aHivv', '-aq', '-an --delete', '-r', '-s -a', '-ac'],
  ...['-a --delete -M--log-file-format=%o:%n%L:%l:%c:%U:%G:%M:%B:%f:%m:%i', '-a --delete -M--log-file-format='],
  ...['-aHv --delete -M--log-file-format=%n', '-a -M--log-file-format=%C.%n%L', '-ab --delay-updates'],
  ...['-a --protocol=28 -v --delete', '-a --protocol=29', '-a --max-delete=1 --delete', '-a --remove-source-files'],
].map((text) => text.split(' '));

it.each(['--info=help', '--debug=help'])('%s', (word) => {
  const help = (program: string, ...before: string[]) =>
    spawnSync(program, [...before, word], { encoding: 'latin1' }).stdout;
  expect(help(process.execPath, CLI, 'rsync')).toBe(help(peers().rsync));
});

it('tells its version as JSON', () => {
  const { stdout } = spawnSync(process.execPath, [CLI, 'rsync', '-VV'], { encoding: 'utf8' });
  const theirs = JSON.parse(spawnSync(peers().rsync, ['-VV'], { encoding: 'utf8' }).stdout) as Record<string, unknown>;
  const ours = JSON.parse(stdout) as Record<string, unknown>;
  expect(ours).toMatchObject({ program: 'driftline rsync', protocol: '32.0' });
  for (const list of ['checksum_list', 'compress_list']) expect(ours[list]).toEqual(theirs[list]);
});

describe.each(['push', 'pull'] as const)('%s by rsync with our server', (route) => {
  it.each(SERVED.map((options) => [options.join(' '), options] as const))('%s', (_, options) => {
    const theirs = printed([peers().rsync], route, options);
    const ours = printed([peers().rsync, `--rsync-path=${DRIFTLINE_RSYNC}`], route, options);
    for (const each of [theirs, ours]) each.out = sorted(each.out);
    expect(ours).toEqual(theirs);
  });
});

describe.each(['push', 'pull'] as const)("%s by rsync with our server's log", (route) => {
  it.each(SERVED_LOGS.map((options) => [options.join(' '), options] as const))('%s', (_, options) => {
    const theirs = printed([peers().rsync], route, [...options, '-M--log-file=log']);
    const ours = printed([peers().rsync, `--rsync-path=${DRIFTLINE_RSYNC}`], route, [...options, '-M--log-file=log']);
    // What a receiver's two halves do comes in any order.
    const lines = [theirs, ours].map(({ code, log }) => ({ code, log: sorted(log) }));
    expect(theirs.log).toMatch(route === 'push' ? /^TIME \[PID\] receiving/ : /^TIME \[PID\] building/);
    expect(ours.log.split('\n')[0]).toBe(theirs.log.split('\n')[0]);
    expect(lines[1]).toEqual(lines[0]);
  });
});

describe.each(['local', 'push', 'pull'] as const)('%s', (route) => {
  const cases = [...EVERYWHERE, ...LOGS, ...FORMATS.map((format) => ['-a', '--delete', `--out-format=${format}`])];
  it.each(cases.map((options) => [options.join(' '), options] as const))('%s', (_, options) => {
    const theirs = printed([peers().rsync], route, options);
    const ours = printed([process.execPath, CLI, 'rsync'], route, options);
    // What the generator says of what is not transferred comes when it likes.
    const early = [theirs, ours].some(({ out }) => out.includes('skipping non-regular'));
    if (early || options.some((word) => /vv|name2/.test(word)))
      for (const each of [theirs, ours]) each.out = sorted(each.out);
    expect(ours).toEqual(theirs);
  });
});
