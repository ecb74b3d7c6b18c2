import { bracketed, formatJump } from './jump-host.ts';
import type { Host } from './model/host.ts';
import type { Endpoint, ProfileDraft, ProfileOptions } from './model/profile.ts';
import { quoteShellWord } from './shell-words.ts';

/** The words that say to rsync what a profile's options say: archive mode, the choices, the rules, the rest. */
export function optionWords(options: ProfileOptions): string[] {
  return [
    '--archive',
    ...(options.delete ? ['--delete'] : []),
    ...(options.checksum ? ['--checksum'] : []),
    ...(options.update ? ['--update'] : []),
    ...(options.numericIds ? ['--numeric-ids'] : []),
    ...(options.timeout > 0 ? [`--timeout=${options.timeout}`] : []),
    ...options.filters.map((rule) => `--filter=${rule}`),
    ...options.more,
  ];
}

/** A host as a command line names it. */
export type CommandHost = Pick<Host, 'address' | 'port' | 'user' | 'auth' | 'rsyncPath'>;
/** One on the way to it. How to log in there is for the configuration of ssh: `-J` cannot say it. */
export type CommandJump = Pick<Host, 'address' | 'port' | 'user'>;

/**
 * The rsync command that does what a profile does, for a POSIX shell. What the guard and the plan add is not in it.
 * @param host of the side on a server; null for a local copy, or where the host is not known
 * @param way the hosts gone through, first to last
 */
export function profileCommand(profile: CommandProfile, host: CommandHost | null, way: readonly CommandJump[]): string {
  return commandWords(profile, host, way).join(' ');
}

export type CommandProfile = Omit<ProfileDraft, 'name' | 'tags'>;

/** The words of `profileCommand`, each quoted. */
export function commandWords(profile: CommandProfile, host: CommandHost | null, way: readonly CommandJump[]): string[] {
  const { source, destination, contentsOnly, options } = profile;
  const at = (kind: Endpoint['kind'], path: string): string =>
    kind === 'local' ? path : `${remoteName(host)}:${path.replace(/^:/, './:')}`;
  const sources = source.paths.map((path) => at(source.kind, contentsOnly ? withSlash(path) : withoutSlash(path)));
  const words = [
    ...optionWords(options),
    ...(host === null ? [] : hostWords(host, way)),
    ...(sources.some((each) => each.startsWith('-')) || destination.path.startsWith('-') ? ['--'] : []),
    ...sources,
    at(destination.kind, destination.path),
  ];
  return ['rsync', ...words.map(quoteOption)];
}

const withoutSlash = (path: string): string => path.replace(/(.)\/+$/s, '$1');
const withSlash = (path: string): string => (path.endsWith('/') ? path : `${path}/`);

function remoteName(host: CommandHost | null): string {
  if (host === null) return 'HOST';
  return `${host.user}@${bracketed(host.address)}`;
}

function hostWords({ port, auth, rsyncPath }: CommandHost, way: readonly CommandJump[]): string[] {
  const ssh = [
    'ssh',
    ...(way.length === 0 ? [] : ['-J', way.map(formatJump).join(',')]),
    ...(port === 22 ? [] : ['-p', String(port)]),
    ...(auth.kind === 'key' ? ['-i', quoteForRsync(auth.keyPath)] : []),
  ];
  return [
    ...(ssh.length > 1 ? [`--rsh=${ssh.join(' ')}`] : []),
    ...(rsyncPath === '' || rsyncPath === 'rsync' ? [] : [`--rsync-path=${rsyncPath}`]),
  ];
}

/** rsync splits `--rsh` itself: quotes keep spaces, a doubled quote stands for one (rsync(1), `--rsh`). */
const quoteForRsync = (word: string): string => (/[ '"]/.test(word) ? `'${word.replaceAll("'", "''")}'` : word);

/** `--filter='- x'` reads better than `'--filter=- x'`. */
function quoteOption(word: string): string {
  const option = /^(--[a-z0-9-]+=)(.*)$/is.exec(word);
  return option === null ? quoteShellWord(word) : option[1]! + quoteShellWord(option[2]!);
}
