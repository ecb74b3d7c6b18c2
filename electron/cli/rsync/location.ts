import type { ByteString } from '../../../shared/model/path.ts';
import { bytesToText, displayPath } from '../../../shared/model/path.ts';
import { fail } from '../../../shared/errors.ts';

export type Location =
  | { kind: 'local'; path: ByteString }
  | { kind: 'ssh'; user: ByteString | null; host: ByteString; path: ByteString }
  | { kind: 'daemon' };

/** Both ends of one transfer. `paths` are the sources as their side understands them. */
export type Endpoints =
  | { direction: 'push' | 'pull'; user: ByteString | null; host: ByteString; paths: ByteString[]; dest: ByteString }
  | { direction: 'local'; paths: ByteString[]; dest: ByteString };

/**
 * Reads a source or destination by rsync's rule: a colon before any slash makes it remote, two colons or `rsync://` a
 * daemon; `[v6]:path` holds an IPv6 address.
 * @throws usage `bad-host` for an empty host or one beginning with `-`
 */
export function parseLocation(arg: ByteString): Location {
  if (/^rsync:\/\//i.test(arg)) return { kind: 'daemon' };
  const match = /^(?:([^/:]*)@)?\[([^\]/]*)\]:(:?)(.*)$/s.exec(arg) ?? /^(?:([^/:]*)@)?([^/:]*):(:?)(.*)$/s.exec(arg);
  if (match === null) return { kind: 'local', path: arg };
  const [, user, host, daemon, path] = match;
  if (daemon === ':') return { kind: 'daemon' };
  if (host === '' || host!.startsWith('-') || user?.startsWith('-') === true) {
    throw fail('usage', 'bad-host', `Invalid remote host in ${displayPath(bytesToText(arg))}`, {
      hint: 'Write ./ before a local name that has a colon.',
    });
  }
  return { kind: 'ssh', user: user ?? null, host: host!, path: path! };
}

function daemonRefused(): Error {
  return fail(
    'usage',
    'not-supported',
    'rsync:// and host:: addresses are not supported by this version of Driftline',
    {
      hint: 'Reach the machine over ssh: host:path.',
    },
  );
}

/**
 * Works out who sends to whom. Several remote sources must be on one machine; later ones may leave its name out
 * (`host:a :b`). Without a destination the sources are listed.
 * @throws usage
 */
export function resolveEndpoints(sources: readonly ByteString[], dest: ByteString | null): Endpoints {
  const to: Location = dest === null ? { kind: 'local', path: '.' } : parseLocation(dest);
  const first = parseLocation(sources[0]!);
  if (to.kind === 'daemon' || first.kind === 'daemon') throw daemonRefused();
  if (first.kind === 'ssh') {
    if (to.kind === 'ssh') throw fail('usage', 'both-remote', 'The source and destination cannot both be remote.');
    const paths = sources.map((source, i) => {
      const from =
        i > 0 && source.startsWith(':') && source[1] !== ':'
          ? { ...first, path: source.slice(1) }
          : parseLocation(source);
      if (from.kind === 'daemon') throw daemonRefused();
      if (from.kind === 'local') {
        throw fail('usage', 'mixed-sources', 'All source args must be remote, or all local.');
      }
      if (from.host !== first.host || from.user !== first.user) {
        throw fail('usage', 'mixed-sources', 'All source args must come from the same machine.');
      }
      return from.path;
    });
    return { direction: 'pull', user: first.user, host: first.host, paths, dest: to.path === '' ? '.' : to.path };
  }
  const paths = sources.map((source) => {
    const from = parseLocation(source);
    if (from.kind !== 'local') {
      throw fail('usage', 'mixed-sources', `Unexpected remote arg: ${displayPath(bytesToText(source))}`);
    }
    return from.path === '' ? '.' : from.path;
  });
  if (to.kind === 'local') return { direction: 'local', paths, dest: to.path === '' ? '.' : to.path };
  return { direction: 'push', user: to.user, host: to.host, paths, dest: to.path };
}
