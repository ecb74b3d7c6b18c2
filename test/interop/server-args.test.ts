import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRsyncArgs } from '../../electron/cli/rsync/parse-args.ts';
import { buildServerArgs, quoteRemoteCommand, shellQuote } from '../../electron/engine/handshake/server-args.ts';
import { parseServerWords } from '../../electron/engine/options/parse.ts';
import { peers } from '../support/peers.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-words-'));
  writeFileSync(join(folder, 'file'), 'x');
  writeFileSync(join(folder, 'rsh'), `#!/bin/sh\nprintf '%s\\0' "$@" > '${folder}/words'\nexit 9\n`);
  chmodSync(join(folder, 'rsh'), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a stock rsync passes to its remote shell behind the host. */
function theirWords(args: string[]): string[] {
  spawnSync(peers().rsync, ['-e', join(folder, 'rsh'), ...args], { cwd: folder, encoding: 'latin1' });
  const words = readFileSync(join(folder, 'words'), 'latin1').split('\0').slice(0, -1);
  rmSync(join(folder, 'words'));
  return words.slice(words.indexOf('h') + 1);
}

function ourCommand(args: string[]): string {
  const command = parseRsyncArgs(args, {});
  if (command.mode !== 'client') throw new Error(command.mode);
  const ends = command.endpoints;
  if (ends.direction === 'local') throw new Error('local');
  const sender = ends.direction === 'pull';
  const words = buildServerArgs(command.options, { sender, paths: sender ? ends.paths : [ends.dest] });
  return quoteRemoteCommand(command.options.rsyncPath, words);
}

/** What a shell makes of our quoting of one path. */
function throughShell(path: string): string {
  const args = ['--server', '-r', '.', Buffer.from(path).toString('latin1')];
  const command = quoteRemoteCommand('f() { shift 3; printf %s "$1"; }; f', args);
  return spawnSync('sh', ['-c', Buffer.from(command, 'latin1').toString()], { encoding: 'utf8' }).stdout;
}

const COMBINATIONS = [
  ...[
    '',
    '-a',
    '-r',
    '-d',
    '-an',
    '-v',
    '-avvv',
    '-vvvvvvvvvvvv',
    '-aq',
    '-aqv',
    '-ai',
    '-aii',
    '-aiv',
    '-aivv',
    '-a --stats',
  ],
  ...['-av --progress', '-a --progress', '-ai --progress', '-a --list-only', '--list-only', '-i --list-only', '-aI'],
  ...['-a --size-only', '-a --delete', '-a --del', '-a --delete-before', '-a --delete-after', '-a --delete-delay'],
  ...[
    '-d --delete',
    '-dn --delete-after',
    '-a --no-r -d --delete',
    '-a --delete --no-i-r',
    '-a --no-D',
    '-a --no-specials',
  ],
  ...['-a --no-devices', '-r --devices', '-r --specials', '-D', '-aW', '-aW --no-W', '-ac', '-au', '-a --numeric-ids'],
  ...[
    '-a --timeout=5',
    '-a --timeout=0x10',
    '-a -B 700',
    '-aB128K',
    '-a --block-size=1KB',
    '-a --cc md5',
    '-a --cc=xxh64,md5',
  ],
  ...['-a --cc=auto', '-a --checksum-seed=5', '-a --checksum-seed=-5', '-a --checksum-seed=0', '-a --protocol=30'],
  ...[
    '-a --no-i-r',
    '-a --no-i-r --i-r',
    '-a --exclude=x --delete',
    '-ah',
    '-a --no-r',
    '-a --no-o',
    '--dirs --no-dirs',
    '-r -d',
  ],
  ...['-avi --timeout=3 --stats --numeric-ids --delete-during -c', '-rt -n -i', '-qq', '-a --rsync-path=/opt/rsync'],
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
      const request = parseServerWords(theirs.slice(1));
      expect(request).toMatchObject({ sender: paths[0] === 'h:from', args: [paths[0] === 'h:from' ? 'from' : 'to'] });
      // What the server understood leads to the same words again.
      const again = buildServerArgs(
        { ...request.options, verbose: Math.min(request.options.verbose, 9) },
        { sender: request.sender, paths: request.args },
      );
      if (!theirs.includes('--log-format=X')) expect(again).toEqual(theirs.slice(1));
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
    for (const args of [
      [`h:${path}`, '.'],
      ['file', `h:${path}`],
    ]) {
      const ours = ourCommand(args.map((arg) => Buffer.from(arg).toString('latin1')));
      expect(Buffer.from(ours, 'latin1').toString()).toBe(Buffer.from(theirWords(args).join(' '), 'latin1').toString());
    }
    if (!/[*?[~-]/.test(path) && path !== '') expect(throughShell(path)).toBe(path);
  });
});
