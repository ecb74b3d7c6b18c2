import { homedir } from 'node:os';
import { basename } from 'node:path';
import * as v from 'valibot';
import { fail, toErrorData } from '../../shared/errors.ts';
import { Name } from '../../shared/model/common.ts';
import { type JumpName, readJump } from '../../shared/jump-host.ts';
import type { CommandReading } from '../../shared/model/command.ts';
import { type Host, HostDraft } from '../../shared/model/host.ts';
import { bytesToText, displayPath, textToBytes } from '../../shared/model/path.ts';
import type { PathText } from '../../shared/model/path.ts';
import { type Location, parseLocation } from '../../shared/rsync-location.ts';
import { readShellLine, shellText } from '../../shared/shell-words.ts';
import type { ShellWord } from '../../shared/shell-words.ts';
import { readCommandOptions } from '../engine/options/command-words.ts';
import type { CommandOptions, LeftOut } from '../engine/options/command-words.ts';
import { ownUser } from '../engine/own-user.ts';
import { jumpHosts } from './jump-hosts.ts';
import { readSshCommand, type SshWords } from './ssh-command.ts';

/**
 * Reads a pasted rsync command as a profile would say it. The text is only ever text: nothing is executed, expanded or
 * looked up on a disk.
 *
 * @param hosts the saved ones, of which one may be meant
 * @throws usage `not-rsync`, `open-quote`
 */
export function readCommand(text: string, hosts: readonly Host[]): CommandReading {
  // The prompt that was copied along.
  const { words, rest, open } = readShellLine(textToBytes(text.trim().replace(/^[$#%>]\s+/, '')));
  if (open) {
    throw fail('usage', 'open-quote', 'A quote in the command is not closed, or its last line ends in a backslash.', {
      hint: 'Paste the whole command.',
    });
  }
  const at = words.findIndex((word) => basename(word.text) === 'rsync');
  if (at < 0) {
    throw fail('usage', 'not-rsync', 'This is not an rsync command.', {
      hint: 'Paste a line like “rsync -a ~/Photos me@nas:/backup”.',
    });
  }
  const leftOut: LeftOut[] = [];
  const leave = (what: string, why: string): void => void leftOut.push({ text: displayPath(what), why });
  const before = words.slice(0, at).map(shellText).join(' ');
  if (before !== '' && before !== 'driftline') leave(before, 'only the rsync command itself is read');
  const own = words.slice(at + 1);
  if (rest !== null) leave(bytesToText(rest), 'only the first command is read, and nothing is executed');
  const read = readCommandOptions(own.map(({ text: word }) => word));
  for (const word of own) tellExpansion(word, read.args, leave);
  leftOut.push(...read.leftOut);
  const ends = readEnds(read.args, leave);
  const home = (path: string): PathText => (path.startsWith('~/') ? homedir() + path.slice(1) : path) as PathText;
  const local = (path: PathText, isLocal: boolean): PathText => (isLocal ? home(path) : path);
  const remote = ends.remote;
  const slashes = ends.sources.filter((path) => path.endsWith('/')).length;
  if (slashes > 0 && slashes < ends.sources.length)
    leave('/', 'some sources end in a slash and some do not; for a profile they all go the same way');
  const sources = ends.sources.map((path) => local(path.replace(/(.)\/+$/s, '$1') as PathText, remote !== 'source'));
  const destination = local(ends.destination, remote !== 'destination');
  for (const path of [...(remote === 'source' ? [] : sources), ...(remote === 'destination' ? [] : [destination])])
    if (path !== '' && !/^(\/|[A-Za-z]:[\\/])/.test(path)) leave(path, 'a profile needs the whole path of a folder');
  return {
    name: suggestName(sources[0]),
    ...{ sources, destination, remote },
    ...findHost(ends.at, read, hosts, leave),
    contentsOnly: slashes > 0,
    options: read.options,
    leftOut,
  };
}

type Leave = (what: string, why: string) => void;

function tellExpansion({ text, expands }: ShellWord, folders: readonly PathText[], leave: Leave): void {
  if (expands === 'variable')
    leave(bytesToText(text), 'variables and commands are taken as they are written, not filled in');
  // Filters are full of stars: there they are meant as they are.
  if (expands === 'pattern' && folders.includes(bytesToText(text)))
    leave(bytesToText(text), 'a pattern for names is taken as it is written: name the folder and use filters');
}

interface Ends {
  sources: PathText[];
  destination: PathText;
  remote: CommandReading['remote'];
  /** The server, where there is one. */
  at: Extract<Location, { kind: 'ssh' }> | null;
}

function readEnds(args: readonly PathText[], leave: Leave): Ends {
  const ends: Ends = { sources: [], destination: '' as PathText, remote: null, at: null };
  if (args.length < 2) leave('', args.length === 0 ? 'no folder is named' : 'only one folder is named');
  args.forEach((arg, index) => {
    const side = args.length > 1 && index === args.length - 1 ? 'destination' : 'source';
    const place = locate(arg, side === 'source' && ends.remote === 'source' ? ends.at : null, leave);
    if (place === null) return;
    if (place.kind === 'daemon') return leave(arg, 'profiles reach servers by SSH, not rsync daemons');
    const path = bytesToText(place.path);
    if (place.kind === 'ssh') {
      if (ends.remote !== null && ends.remote !== side) return leave(arg, 'one of the two sides must be this computer');
      if (ends.at !== null && (ends.at.host !== place.host || ends.at.user !== place.user))
        return leave(arg, 'all sources must be on one server');
      ends.remote = side;
      ends.at = place;
    } else if (side === 'source' && ends.remote === 'source') return leave(arg, 'all sources must be in one place');
    if (side === 'source') ends.sources.push(path);
    else ends.destination = path;
  });
  return ends;
}

/** @param first the server that later sources may leave out (`host:a :b`) */
function locate(arg: PathText, first: Ends['at'], leave: Leave): Location | null {
  const bytes = textToBytes(arg);
  if (first !== null && /^:(?!:)/.test(arg)) return { ...first, path: bytes.slice(1) };
  try {
    return parseLocation(bytes);
  } catch (error) {
    leave(arg, toErrorData(error).message);
    return null;
  }
}

/** The saved host with the server's name or address, or what is to be saved. */
function findHost(
  at: Ends['at'],
  { rsh, rsyncPath }: CommandOptions,
  hosts: readonly Host[],
  leave: Leave,
): Pick<CommandReading, 'hostId' | 'host'> {
  if (at === null) {
    if (rsh !== null) leave(`--rsh=${rsh}`, 'no side of this command is on a server');
    return { hostId: null, host: null };
  }
  const ssh: SshWords =
    rsh === null ? { port: null, user: null, keyPath: null, jumps: null } : readSshCommand(rsh, leave);
  const name = bytesToText(at.host);
  const user = at.user === null ? ssh.user : bytesToText(at.user);
  const jump = ssh.jumps === null ? null : findJump(ssh.jumps.split(','), hosts);
  const fitting = hosts.filter((host) => fits(host, { name, user, port: ssh.port }));
  const named = fitting.find((host) => host.name === name);
  const through = fitting.filter(({ jumpHostId }) => jumpHostId === (jump?.id ?? null));
  // The same private address may stand for several servers: with a way, the way decides.
  const saved =
    jump === null
      ? (named ?? through[0] ?? fitting[0])
      : (through.find((host) => host === named) ?? through[0] ?? named ?? fitting[0]);
  if (ssh.jumps !== null && (jump === null || (saved !== undefined && saved.jumpHostId !== jump.id)))
    leave(`ssh -J ${ssh.jumps}`, 'say it in the host');
  if (saved !== undefined) {
    if (rsyncPath !== null && rsyncPath !== (saved.rsyncPath || 'rsync'))
      leave(`--rsync-path=${rsyncPath}`, `the host “${saved.name}” has its own`);
    return { hostId: saved.id, host: null };
  }
  const draft = v.safeParse(HostDraft, {
    ...{ name, address: name, port: ssh.port ?? 22, user: user ?? ownUser().username },
    auth: ssh.keyPath === null ? { kind: 'agent' } : { kind: 'key', keyPath: ssh.keyPath },
    rsyncPath: rsyncPath === 'rsync' ? '' : (rsyncPath ?? ''),
    jumpHostId: jump?.id ?? null,
  });
  if (!draft.success) leave(name, 'this is no name of a server');
  return { hostId: null, host: draft.success ? draft.output : null };
}

/** Whether a name of a command line means this host: by its own name, or its address and port. */
function fits(host: Host, { name, user, port }: JumpName): boolean {
  if (user !== null && host.user !== user) return false;
  if (host.name === name) return port === null || host.port === port;
  return host.address.toLowerCase() === name.toLowerCase() && host.port === (port ?? 22);
}

/** The saved host that is last of these and reached through the others; the first may be behind more, as for ssh. */
function findJump(items: readonly string[], hosts: readonly Host[]): Host | null {
  const jumps = items.map(readJump);
  const ways = hosts.flatMap((host) => {
    try {
      return [[...jumpHosts(host, hosts), host]];
    } catch {
      return []; // a broken way leads nowhere
    }
  });
  const meant = ways.filter(
    (way) =>
      way.length >= jumps.length &&
      way.slice(-jumps.length).every((host, at) => jumps[at] != null && fits(host, jumps[at])),
  );
  return (meant.find((way) => way.length === jumps.length) ?? meant[0])?.at(-1) ?? null;
}

function suggestName(source: PathText = '' as PathText): string | null {
  const name = v.safeParse(Name, displayPath(source.slice(source.lastIndexOf('/') + 1)));
  return name.success ? name.output : null;
}
