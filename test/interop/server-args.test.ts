import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRsyncArgs } from '../../electron/cli/rsync/parse-args.ts';
import {
  buildServerArgs,
  quoteRemoteCommand,
  secludeArgs,
  shellQuote,
} from '../../electron/engine/handshake/server-args.ts';
import { parseServerWords } from '../../electron/engine/options/parse.ts';
import { DEFAULT_OPTIONS } from '../../electron/engine/options/transfer-options.ts';
import { peers } from '../support/peers.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-words-'));
  writeFileSync(join(folder, 'file'), 'x');
  writeFileSync(join(folder, 'list'), 'x\n');
  writeFileSync(join(folder, 'rsh'), `#!/bin/sh\nprintf '%s\\0' "$@" > '${folder}/words'\nexit 9\n`);
  chmodSync(join(folder, 'rsh'), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a stock rsync passes to its remote shell behind the host. */
function theirWords(args: string[], env: Record<string, string> = {}): string[] {
  const how = { cwd: folder, encoding: 'latin1', env: { ...process.env, ...env } } as const;
  spawnSync(peers().rsync, ['-e', join(folder, 'rsh'), ...args], how);
  const words = readFileSync(join(folder, 'words'), 'latin1').split('\0').slice(0, -1);
  rmSync(join(folder, 'words'));
  return words.slice(words.indexOf('h') + 1);
}

function ourCommand(args: string[], env: Record<string, string> = {}): string {
  const command = parseRsyncArgs(args, env);
  if (command.mode !== 'client') throw new Error(command.mode);
  const ends = command.endpoints;
  if (ends.direction === 'local') throw new Error('local');
  const sender = ends.direction === 'pull';
  const words = buildServerArgs(command.options, { sender, paths: sender ? ends.paths : [ends.dest] });
  return quoteRemoteCommand(command.options, command.options.secludedArgs ? secludeArgs(words, null).inSight : words);
}

/** What a shell makes of words, wildcards and `~` left alone. */
function throughWords(words: readonly string[]): string[] {
  const script = `set -f; HOME='~'; printf '%s\\0' ${words.join(' ')}`;
  return spawnSync('sh', ['-c', script], { encoding: 'latin1' }).stdout.split('\0').slice(0, -1);
}

/** What a shell makes of our quoting of one path. */
function throughShell(path: string): string {
  const args = ['--server', '-r', '.', Buffer.from(path).toString('latin1')];
  const command = quoteRemoteCommand({ ...DEFAULT_OPTIONS, rsyncPath: 'f() { shift 3; printf %s "$1"; }; f' }, args);
  return spawnSync('sh', ['-c', Buffer.from(command, 'latin1').toString()], { encoding: 'utf8' }).stdout;
}

const COMBINATIONS = [
  // Letters.
  ...['', '-a', '-r', '-d', '-an', '-v', '-avvv', '-vvvvvvvvvvvv', '-aq', '-aqv', '-qq', '-abb', '-abO', '-auu', '-aI'],
  ...['-KLkmJyHAXxSz', '-a -KmOJL', '-E', '-aE', '-aU', '-aUU', '-XX', '-xx', '-xxx', '-yy', '-y --link-dest=a'],
  ...[
    '-yy --link-dest=a',
    '-aR',
    '-aR --no-implied-dirs',
    '-R --no-i-d --i-d',
    '-aC',
    '-aF',
    '-A --no-p',
    '-aA --no-A',
  ],
  ...[
    '-aW',
    '-aW --no-W',
    '-ac',
    '-a --no-r',
    '-a --no-o',
    '--dirs --no-dirs',
    '-r -d',
    '--old-dirs',
    '--old-d --delete',
  ],
  ...['--old-dirs -d --delete', '-rm', '-rx --no-x', '-aS --no-S', '-aHX --no-H --no-X'],
  // Output.
  ...['-ai', '-aii', '-aiv', '-aivv', '-a --stats', '-av --progress', '-a --progress', '-ai --progress', '-aP'],
  ...['-P --no-progress', '-i --no-i', '--out-format=%n', '--out-format=%o', '--out-format=%-10i', '--out-format=%%i'],
  ...['-v --out-format=%o', '-v --out-format=%n', '-i --out-format=%n', '-ii --out-format=%i', '--out-format=%I'],
  ...['--log-format=%i', '--out-format=', '-a --list-only', '--list-only', '-i --list-only', '-r --list-only --delete'],
  ...['--info=name', '--info=none', '--info=all', '--info=all4', '--info=all,del0', '--info=none,name', '--info=NAME2'],
  ...['--info=name12', '--info=progress2', '--info=flist2', '-v --info=name0', '-v --info=del2,copy,misc2'],
  ...['--info=skip2,remove,nonreg0,mount,symsafe,backup', '--stats --info=stats0', '-q --stderr=all', '-q --stderr=c'],
  ...['--msgs2stderr', '--no-msgs2stderr', '--msgs2stderr --stderr=e', '-h', '-8', '--outbuf=L', '--debug=none'],
  // Deletion, limits.
  ...['-a --size-only', '-a --delete', '-a --del', '-a --delete-before', '-a --delete-after', '-a --delete-delay'],
  ...['-d --delete', '-dn --delete-after', '-a --no-r -d --delete', '-a --delete --no-i-r', '-r --delete-excluded'],
  ...['-r --delete --delete-excluded', '-r --delete-after --delete-excluded', '-r --delete --max-delete=0'],
  ...['-r --max-delete=5', '--max-delete=-7', '--min-size=1.5k --max-size=2MB', '--min-size=0', '--max-size=1K+1'],
  ...['--max-alloc=1g', '--max-alloc=0', '-r --delete --force --ignore-errors', '-r --delete-missing-args'],
  ...['-r --ignore-missing-args', '--ignore-missing-args --delete-missing-args', '--super', '--super --no-super'],
  // Preserving.
  ...['-a --no-D', '-a --no-specials', '-a --no-devices', '-r --devices', '-r --specials', '-D', '-a --numeric-ids'],
  ...['--usermap=0:1', '--groupmap=*:x,y:z', '--usermap=:1,5-9:b', '--chown=u:g', '--chown=u', '--chown=:g'],
  ...['--usermap=0:1 --no-o', '-a --chmod=u+x', '--open-noatime', '-U --open-noatime', '-UU --open-noatime'],
  ...['--copy-devices', '--write-devices', '--preallocate', '--drop-D -D', '--fake-super', '--munge-links'],
  // Updating.
  ...['--backup-dir=x', '-b --suffix=.o', '--suffix=.o', '--backup-dir=x --suffix=.o', '--backup-dir=x --suffix='],
  ...['--backup-dir=x --suffix=~', '-b --suffix=~', '--backup-dir=~/x*y[z]\\', '--backup-dir=. --suffix=.o'],
  ...[
    '--inplace',
    '--inplace --partial',
    '--append',
    '--append --append',
    '--append-verify',
    '--append-verify --append',
  ],
  ...[
    '--append --no-append',
    '--append --inplace',
    '--append --partial',
    '--inplace -S',
    '--partial',
    '--partial-dir=x',
  ],
  ...['--partial --partial-dir=x/', '--partial-dir=.', '--partial-dir=', '--partial-dir=/x', '--delay-updates'],
  ...['-r --delay-updates --delete', '--delay-updates --partial-dir=x', '--delay-updates --no-delay-updates'],
  ...['--partial-dir=x --no-partial', '-T /x', '--fsync', '--compare-dest=a --compare-dest=b', '--copy-dest=a'],
  ...['--link-dest=../b', '--existing', '--ignore-non-existing', '--ignore-existing', '--modify-window=2', '-@-1'],
  ...['--copy-unsafe-links --safe-links', '--remove-source-files', '--mkpath', '-a --checksum-seed=0'],
  // Lists of names.
  ...['--files-from=list', '-a --files-from=list', '-a -r --files-from=list', '-r --files-from=list --no-R'],
  ...['-a --files-from=:x', '-a0 --files-from=:x', '-a --files-from=h:x --no-R', '--files-from=list --no-d'],
  ...[
    '--files-from=list --no-implied-dirs',
    '--files-from=list --no-R --no-implied-dirs',
    '--delete --files-from=list',
  ],
  // Checksums, compression, connection.
  ...['-a --timeout=5', '-a --timeout=0x10', '-a -B 700', '-aB128K', '-a --block-size=1KB', '-a --cc md5', '-4', '-6'],
  ...['-a --cc=xxh64,md5', '-a --cc=auto', '-a --checksum-seed=5', '-a --checksum-seed=-5', '-a --protocol=30'],
  ...[
    '-zz',
    '-zzz',
    '--new-compress',
    '--old-compress',
    '--zc=zlib',
    '--zc=zlibx',
    '--zc=zstd',
    '--zc=lz4',
    '--zc=auto',
  ],
  ...[
    '-z --zc=auto',
    '--zc=zstd -zz',
    '--old-compress -zz',
    '-zz --no-z -z',
    '-z --zl=5',
    '--zl=0',
    '--zc=zstd --zl=-200',
  ],
  ...['-z --skip-compress=a/b', '--skip-compress=', '--zc=zstd --zt=3', '--bwlimit=100', '--bwlimit=1.5m'],
  ...['--bwlimit=1537b', '--bwlimit=0', '--bwlimit=5 --no-bwlimit', '--address=::1', '--port=3', '--sockopts=x'],
  ...['--blocking-io', '--stop-after=3', '--stop-at=2099-01-01', '--no-motd', '-a --rsync-path=/opt/rsync'],
  ...['-a --no-i-r', '-a --no-i-r --i-r', '-a --exclude=x --delete', '-ah'],
  // Many at once.
  '-avi --timeout=3 --stats --numeric-ids --delete-during -c',
  '-rD --no-specials -i --msgs2stderr -B700 --timeout=3 --bwlimit=3 --backup-dir=b --suffix=.x --cc=md5 --zc=zstd ' +
    '--zl=3 --max-delete=4 --min-size=1 --max-size=2 --delete-before --delete-excluded --force --super --size-only ' +
    '--stats --max-alloc=0 --delete-missing-args --modify-window=2 --checksum-seed=4 --partial-dir=x ' +
    '--delay-updates --ignore-errors --copy-unsafe-links --safe-links --numeric-ids --usermap=1:1 --groupmap=2:2 ' +
    '--ignore-existing --existing -T x --fsync --link-dest=a --link-dest=b --info=all --files-from=:x -0 -R ' +
    '--no-implied-dirs --remove-source-files --copy-devices --preallocate --open-noatime --mkpath --skip-compress=gz',
  '--delete --info=del --inplace --write-devices --stats -@-4 --files-from=list --no-R --no-implied-dirs ' +
    '--remove-source-files --ignore-missing-args --append-verify',
  '-r --list-only --specials --progress --no-msgs2stderr --zc=zlib --partial -U --open-noatime --inplace',
];

describe('words for the server', () => {
  it.each(COMBINATIONS)('rsync %s', (text) => {
    const options = text.split(' ').filter((word) => word !== '');
    for (const paths of [
      ['file', 'h:to'],
      ['h:from', '.'],
    ]) {
      const args = [...options, ...paths];
      const theirs = theirWords(args);
      expect(ourCommand(args)).toBe(theirs.join(' '));
      // What a shell makes of it is what the server reads.
      const words = throughWords(theirs.slice(1));
      const request = parseServerWords(words);
      expect(request).toMatchObject({ sender: paths[0] === 'h:from', args: [paths[0] === 'h:from' ? 'from' : 'to'] });
      // What the server understood leads to the same words again; a list of names lies on the other side, seen from it.
      // -A and --usermap bring -p and -o with them, whatever was said before.
      if (request.options.filesFrom !== null || / --no-[po]$/.test(text)) continue;
      const again = buildServerArgs(
        { ...request.options, verbose: Math.min(request.options.verbose, 9) },
        { sender: request.sender, paths: request.args },
      );
      expect(again).toEqual(words);
    }
  });

  it.each([
    '-aM--fake-super',
    '-a -M--log-file=a*b -M -v',
    '-a -M--x=a*b --old-args --suffix=*',
    '-a -M--x=a*b --suffix=*(~ -b --old-args --old-args',
    '-as --suffix=*',
    '-s -vvM--x',
    '--protect-args --no-protect-args',
    '--old-args --no-old-args -s',
    '-a --trust-sender',
  ])('rsync %s', (text) => {
    for (const paths of [
      ['file', 'h:t *'],
      ['h:f *', '.'],
    ]) {
      const args = [...text.split(' '), ...paths];
      expect(ourCommand(args)).toBe(theirWords(args).join(' '));
    }
  });

  it.each<Record<string, string>>([
    { RSYNC_OLD_ARGS: '1' },
    { RSYNC_OLD_ARGS: '2' },
    { RSYNC_OLD_ARGS: '0', RSYNC_PROTECT_ARGS: '1' },
    { RSYNC_PROTECT_ARGS: '1' },
    { RSYNC_PROTECT_ARGS: 'yes' },
  ])('as the environment %j wants them', (env) => {
    for (const more of [[], ['-s'], ['--no-s'], ['--old-args'], ['--no-old-args']]) {
      const args = ['-r', ...more, 'h:f *', '.'];
      expect(ourCommand(args, env)).toBe(theirWords(args, env).join(' '));
    }
  });

  it('accepts what stock sends for the message channel', () => {
    const words = ['--server', '-logDtpre.iLsfxCIvu', '--no-msgs2stderr', '.', '--x'];
    expect(parseServerWords(words)).toMatchObject({ messages: 'frames', capabilities: 'iLsfxCIvu', args: ['--x'] });
  });

  it('keeps a newline and runs nothing a path spells', () => {
    for (const path of ['a\nb', '$(echo x)', '`echo x`', 'a;echo x', 'a\n;echo x', "'\n'"])
      expect(throughShell(path)).toBe(path);
    for (const word of ["it's", '', '~', '*', 'a b\n']) {
      expect(spawnSync('sh', ['-c', `printf %s ${shellQuote(word)}`], { encoding: 'utf8' }).stdout).toBe(word);
    }
  });

  const PATHS = [
    'a b',
    'c*d?',
    '~/x',
    '~',
    '~x/./y',
    'q\'"u`',
    '$x',
    '-foo',
    'a\\b',
    'a\\*b',
    '',
    '[x]\\[y]\\\\z',
    '!{}(),=%^é',
  ];
  it.each(PATHS)('escapes the path %j', (path) => {
    const ways = [
      [`h:${path}`, '.'],
      ['file', `h:${path}`],
    ];
    const how = ['', '-R', '--trust-sender', '--old-args', '-s', '--old-args --old-args', '--files-from=:l'];
    for (const args of how.flatMap((more) => ways.map((way) => [...more.split(' ').filter(Boolean), ...way]))) {
      const ours = ourCommand(args.map((arg) => Buffer.from(arg).toString('latin1')));
      expect(Buffer.from(ours, 'latin1').toString()).toBe(Buffer.from(theirWords(args).join(' '), 'latin1').toString());
    }
    if (!/[*?[~-]/.test(path) && path !== '') expect(throughShell(path)).toBe(path);
  });
});
