import { homedir, userInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { DriftlineError } from '../../shared/errors.ts';
import type { Host } from '../../shared/model/host.ts';
import { bytesToText, type PathText } from '../../shared/model/path.ts';
import { DEFAULT_PROFILE_OPTIONS, type ProfileDraft } from '../../shared/model/profile.ts';
import { OPTION_WORDS } from '../../shared/option-words.ts';
import { profileCommand } from '../../shared/profile-command.ts';
import { checkProfileOptions } from '../engine/options/profile-options.ts';
import { jumpHosts } from './jump-hosts.ts';
import { readCommand } from './read-command.ts';

const host = (name: string, more: Partial<Host> = {}): Host => ({
  id: '00000000-0000-4000-8000-000000000001',
  name,
  address: 'nas.example',
  port: 22,
  user: 'me',
  auth: { kind: 'agent' },
  rsyncPath: '',
  jumpHostId: null,
  hostKey: null,
  createdAt: 1,
  ...more,
});
const NAS = host('nas');
const OTHER = host('odd', {
  id: '00000000-0000-4000-8000-000000000002',
  address: '2001:db8::1',
  port: 2222,
  auth: { kind: 'key', keyPath: "/k/it's mine" as PathText },
  rsyncPath: 'sudo rsync',
});
const GATE = host('gate', { id: '00000000-0000-4000-8000-000000000003', address: 'gate.example', port: 2200 });
const MID = host('mid', { id: '00000000-0000-4000-8000-000000000004', address: '10.0.0.2', jumpHostId: GATE.id });
/** Has the address of `nas`, but in another network. */
const INNER = host('inner', { id: '00000000-0000-4000-8000-000000000005', jumpHostId: MID.id });
const HOSTS = [NAS, OTHER, GATE, MID, INNER];
const read = (text: string) => readCommand(text, HOSTS);
const left = (text: string) => read(text).leftOut.map((each) => each.text);
const codeOf = (text: string): string => {
  try {
    read(text);
  } catch (error) {
    if (error instanceof DriftlineError) return error.data.code;
    throw error;
  }
  return 'none';
};

describe('a pasted command', () => {
  it('becomes what a profile can have', () => {
    const line = `$ rsync -avz --delete --exclude='*.tmp' --exclude cache/ --include '/keep me' -f 'P x' \\
      --bwlimit=2m --timeout 30 "/home/me/My Photos/" me@nas.example:/backup/photos`;
    expect(read(line)).toEqual({
      name: 'My Photos',
      sources: ['/home/me/My Photos'],
      destination: '/backup/photos',
      remote: 'destination',
      hostId: NAS.id,
      host: null,
      contentsOnly: true,
      options: {
        ...DEFAULT_PROFILE_OPTIONS,
        ...{ delete: true, timeout: 30 },
        filters: ['- *.tmp', '- cache/', '+ /keep me', 'P x'],
        more: ['--compress', '--bwlimit=2m'],
      },
      leftOut: [{ text: '--verbose', why: 'it only changes what rsync prints' }],
    });
  });

  it('without -a keeps only what it asks for', () => {
    expect(read('rsync -rt /a /b').options.more).toEqual([
      ...['--no-specials', '--no-devices', '--no-owner', '--no-group', '--no-perms', '--no-links'],
    ]);
    expect(read('rsync -a --no-o /a /b').options.more).toEqual(['--no-owner']);
    expect(read('rsync -a --no-o -o /a /b').options.more).toEqual([]);
    expect(left('rsync /a/f /b')).toEqual(['no -r or -a']);
  });

  it('several sources, from a server whose name is not repeated', () => {
    expect(read('rsync -a nas:/a :/b nas:c /x')).toMatchObject({
      ...{ sources: ['/a', '/b', 'c'], remote: 'source', hostId: NAS.id, destination: '/x', leftOut: [] },
    });
    expect(left('rsync -a nas:/a /b /x')).toEqual(['/b']);
    expect(left('rsync -a nas:/a other:/b /x')).toEqual(['other:/b']);
    expect(left('rsync -a /a/ /b /x')).toEqual(['/']);
  });

  it('-e says port, user and key of a host to save', () => {
    const line = "rsync -a -e 'ssh -p 2222 -i ~/.ssh/id -o StrictHostKeyChecking=no -oUser=ann -Cq' /a host.example:b";
    expect(read(line)).toMatchObject({
      hostId: null,
      host: {
        ...{ name: 'host.example', address: 'host.example', port: 2222, user: 'ann' },
        auth: { kind: 'key', keyPath: `${homedir()}/.ssh/id` },
      },
      leftOut: [{ text: 'ssh -o StrictHostKeyChecking=no' }],
    });
    expect(read('rsync -a /a h:b').host).toMatchObject({
      port: 22,
      user: userInfo().username,
      auth: { kind: 'agent' },
    });
    expect(read("rsync -a -e 'ssh -p2222' /a me@[2001:db8::1]:b").hostId).toBe(OTHER.id);
    expect(read('rsync -a /a me@nas.example:b').hostId).toBe(NAS.id);
    expect(read('rsync -a /a you@nas.example:b').hostId).toBeNull();
    expect(read("rsync -a -e 'ssh -p 23' /a nas.example:b").hostId).toBeNull();
    expect(left("rsync -a -e 'sh -c reboot' /a h:b")).toEqual(['--rsh=sh -c reboot']);
    expect(left('rsync -a --rsync-path="rsync; reboot" /a nas:b')).toEqual(['--rsync-path=rsync; reboot']);
  });

  it('-J is the way of a saved host', () => {
    const J = (jumps: string, to = 'me@nas.example:b') => read(`rsync -a -e 'ssh -J ${jumps}' /a ${to}`);
    const way = 'me@gate.example:2200,me@10.0.0.2';
    expect(J(way)).toMatchObject({ hostId: INNER.id, leftOut: [] });
    expect(J('gate,mid')).toMatchObject({ hostId: INNER.id, leftOut: [] });
    // As for ssh, the first may be behind others that its own settings name.
    expect(J('mid')).toMatchObject({ hostId: INNER.id, leftOut: [] });
    expect(read(`rsync -a -e 'ssh -o ProxyJump=${way}' /a nas.example:b`).hostId).toBe(INNER.id);
    expect(read('rsync -a /a nas.example:b').hostId).toBe(NAS.id);
    expect(J('gate', 'new.example:b')).toMatchObject({ host: { jumpHostId: GATE.id }, leftOut: [] });
    // Another way, none that is known, and what is no host at all.
    for (const other of ['gate', 'you@gate,mid', 'mid,gate', 'far,gate,mid', '::', 'gate:1'])
      expect(J(other)).toMatchObject({ hostId: NAS.id, leftOut: [{ text: `ssh -J ${other}` }] });
    expect(J('far', 'new.example:b')).toMatchObject({ host: { jumpHostId: null }, leftOut: [{ text: 'ssh -J far' }] });
  });

  it.each([
    ['rsync -a /a /b && reboot', '&& reboot'],
    ['rsync -a /a /b; reboot', '; reboot'],
    ['rsync -a /a /b | tee log', '| tee log'],
    ['rsync -a /a /b\nreboot', '\\x0areboot'],
    ['sudo -u me rsync -a /a /b', 'sudo -u me'],
    ['RSYNC_RSH=x rsync -a /a /b', 'RSYNC_RSH=x'],
    ['rsync -a "$HOME/a" /b', '$HOME/a'],
    ['rsync -a `reboot` /b', '`reboot`'],
    ['rsync -a "/$(reboot)" /b', '/$(reboot)'],
    ['rsync -a /a/* /b', '/a/*'],
    ['rsync -a a/ /b', 'a'],
    ['rsync -a /a h::module', 'h::module'],
    ['rsync -a /a rsync://h/module', 'rsync://h/module'],
    ['rsync -a h:/a k:/b', 'k:/b'],
    ['rsync -a /a -h:b', '--human-readable'],
    ['rsync -a /a', ''],
    ['rsync -a --exclude-from=/etc/passwd /a /b', '--exclude-from=/etc/passwd'],
    ['rsync -a --filter=". /etc/passwd" /a /b', '--filter=. /etc/passwd'],
    ['rsync -aF /a /b', '--F'],
    ['rsync -a --write-batch=x /a /b', '--write-batch=x'],
    ['rsync -a --iconv utf8 /a /b', '--iconv=utf8'],
    ['rsync -a --nothing /a /b', '--nothing'],
    ['rsync -a --bwlimit=fast /a /b', '--bwlimit=fast'],
    ['rsync -a --inplace --delay-updates /a /b', '--delay-updates'],
    ['rsync -aH /a /b', '--hard-links'],
    ['rsync -a --link-dest=/x /a /b', '--link-dest=/x'],
    ['rsync -a --delete-after /a /b', '--delete-after'],
  ])('%j tells what it leaves out', (line, text) => {
    expect(left(line)).toContain(text);
    for (const each of read(line).leftOut) expect(each.why).toMatch(/^\S.*[^.]$/s);
  });

  it.each([
    ['rm -rf /', 'not-rsync'],
    ['', 'not-rsync'],
    ['rsync -a "/a', 'open-quote'],
    ['rsync -a /a \\', 'open-quote'],
  ])('%j is refused as %s', (line, code) => expect(codeOf(line)).toBe(code));

  it('never throws anything else, whatever it holds', () => {
    const random = generator(11);
    const parts = [
      'rsync',
      '-',
      '--',
      ' ',
      'a',
      '=',
      "'",
      '"',
      '\\',
      '$',
      ':',
      '/',
      '*',
      '\n',
      '\0',
      '\udcff',
      '-e',
      'ssh',
      '--filter',
      '@',
      '[',
      '🙂',
      '--max-size',
      '-f',
      '!',
    ];
    for (let n = 0; n < 400; n++) {
      const line = `rsync ${Array.from({ length: random(14) }, () => parts[random(parts.length)]).join('')}`;
      const code = codeOf(line);
      expect(['none', 'open-quote']).toContain(code);
      if (code === 'none') expect(() => checkProfileOptions(read(line).options)).not.toThrow();
    }
  });
});

describe('the command of a profile', () => {
  it('is rsync’s', () => {
    const draft = someDraft(generator(1));
    const command = profileCommand(
      {
        ...draft,
        source: { kind: 'local', paths: ['/home/me/My Photos' as PathText] },
        destination: { kind: 'host', hostId: NAS.id, path: '/backup' as PathText },
        contentsOnly: true,
        options: { ...DEFAULT_PROFILE_OPTIONS, delete: true, filters: ['- *.tmp'], more: ['--bwlimit=2m'] },
      },
      OTHER,
      [],
    );
    expect(command).toBe(
      "rsync --archive --delete --timeout=60 --filter='- *.tmp' --bwlimit=2m " +
        "--rsh='ssh -p 2222 -i '\\''/k/it'\\'''\\''s mine'\\''' --rsync-path='sudo rsync' " +
        "'/home/me/My Photos/' 'me@[2001:db8::1]:/backup'",
    );
  });

  it('goes the way to the host', () => {
    const draft = someDraft(generator(1));
    const remote = { kind: 'host' as const, hostId: INNER.id, path: 'b' as PathText };
    const command = profileCommand(
      { ...draft, source: { kind: 'local', paths: ['/a' as PathText] }, destination: remote },
      INNER,
      [GATE, MID],
    );
    expect(command).toContain(" --rsh='ssh -J me@gate.example:2200,me@10.0.0.2' ");
  });

  it('is read back as the same profile', () => {
    for (let seed = 1; seed <= 400; seed++) {
      const draft = someDraft(generator(seed));
      const { source, destination, options, contentsOnly } = draft;
      const at = source.kind === 'host' ? source : destination;
      const saved = at.kind === 'host' ? HOSTS.find(({ id }) => id === at.hostId)! : null;
      const command = profileCommand(draft, saved, saved === null ? [] : jumpHosts(saved, HOSTS));
      expect(read(command), `seed ${seed}: ${command}`).toMatchObject({
        ...{ sources: source.paths, destination: destination.path, contentsOnly, options, leftOut: [] },
        hostId: saved?.id ?? null,
        remote: source.kind === 'host' ? 'source' : destination.kind === 'host' ? 'destination' : null,
      });
    }
  });
});

function generator(seed: number): (below: number) => number {
  let state = seed * 7919 + 1;
  return (below) => (state = (state * 48271) % 0x7fffffff) % below;
}

function someDraft(random: (below: number) => number): ProfileDraft {
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const name = (): string => {
    const parts = ['a', 'é', ' ', "'", '"', '$x', '`', ':', '*', '\n', '\udcff', '~', '-', 'שלום', '\\', '#', '!'];
    const raw = Array.from({ length: 1 + random(6) }, () => pick(parts)).join('');
    return `/${bytesToText(Buffer.from(raw.replaceAll('\udcff', ''), 'utf8').toString('latin1'))}${raw.includes('\udcff') ? '\udcff' : 'z'}`;
  };
  const path = (): PathText => (name() + (random(2) ? name() : '')) as PathText;
  const saved = pick([NAS, OTHER, INNER, null]);
  const pull = random(2) === 1;
  const paths = Array.from({ length: 1 + random(3) }, path);
  const all = OPTION_WORDS.flatMap((group) => group.options).filter(
    ({ flag }) => !['inplace', 'delay-updates'].includes(flag),
  );
  const more = [...new Set(Array.from({ length: random(6) }, () => pick(all)))].map(
    ({ flag, off, value }) => `--${off ? 'no-' : ''}${flag}${value === null ? '' : `=${value.example}`}`,
  );
  const end = { kind: 'host' as const, hostId: saved?.id ?? '' };
  return {
    name: 'p',
    tags: [],
    source: saved !== null && pull ? { ...end, paths } : { kind: 'local', paths },
    destination: saved !== null && !pull ? { ...end, path: path() } : { kind: 'local', path: path() },
    contentsOnly: random(2) === 1,
    options: {
      delete: random(2) === 1 || more.includes('--delete-excluded'),
      checksum: random(2) === 1,
      update: random(2) === 1,
      numericIds: random(2) === 1,
      timeout: pick([0, 60, 3600]),
      filters: Array.from({ length: random(4) }, () =>
        pick(['- *.tmp', "+ /it's/", '!', 'P x y', '-! a', 'H ünï', '- $(x)', 'exclude a']),
      ),
      more,
    },
  };
}
