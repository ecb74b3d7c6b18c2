import type { ByteString } from '../../../shared/model/path.ts';
import { bytesToText, displayPath } from '../../../shared/model/path.ts';
import { fail } from '../../../shared/errors.ts';
import { type Location, parseLocation } from '../../../shared/rsync-location.ts';
import type { TransferOptions } from '../../engine/options/transfer-options.ts';

/** Both ends of one transfer. `paths` are the sources as their side understands them. */
export type Endpoints =
  | {
      direction: 'push' | 'pull';
      user: ByteString | null;
      host: ByteString;
      paths: ByteString[];
      dest: ByteString;
      /** Set where the far end is a module of an rsync daemon. */
      daemon?: { port: number | null; module: ByteString };
    }
  | { direction: 'local'; paths: ByteString[]; dest: ByteString };

type Remote = Exclude<Location, { kind: 'local' }>;

/** A later source, which may leave out the machine's name: `:path`, `::module/path`. */
function laterSource(source: ByteString, first: Remote): Location {
  if (!source.startsWith(':')) return parseLocation(source);
  const daemon = source[1] === ':';
  if (daemon !== (first.kind === 'daemon')) throw otherFormat();
  return { ...first, path: source.slice(daemon ? 2 : 1) };
}

function otherFormat(): Error {
  return fail('usage', 'mixed-sources', 'All source args must use the same hostspec format.');
}

/**
 * Works out who sends to whom. Several remote sources must be on one machine; later ones may leave its name out
 * (`host:a :b`). Without a destination the sources are listed.
 * @throws usage; exit 5 for a daemon's path without a module
 */
export function resolveEndpoints(sources: readonly ByteString[], dest: ByteString | null): Endpoints {
  const to: Location = dest === null ? { kind: 'local', path: '.' } : parseLocation(dest);
  const first = parseLocation(sources[0]!);
  if (first.kind !== 'local') {
    if (to.kind !== 'local') throw fail('usage', 'both-remote', 'The source and destination cannot both be remote.');
    const paths = sources.map((source, i) => {
      const from = i === 0 ? first : laterSource(source, first);
      if (from.kind === 'local') {
        throw fail('usage', 'mixed-sources', `Unexpected local arg: ${displayPath(bytesToText(source))}`, {
          hint: 'If arg is a remote file/dir, prefix it with a colon (:).',
        });
      }
      if (from.host !== first.host || from.user !== first.user) {
        throw fail('usage', 'mixed-sources', 'All source args must come from the same machine.');
      }
      if (from.kind !== first.kind) throw otherFormat();
      return from.path;
    });
    return remoteEnd('pull', first, paths, to.path === '' ? '.' : to.path);
  }
  const paths = sources.map((source) => {
    const from = parseLocation(source);
    if (from.kind !== 'local') {
      throw fail('usage', 'mixed-sources', `Unexpected remote arg: ${displayPath(bytesToText(source))}`);
    }
    return from.path === '' ? '.' : from.path;
  });
  if (to.kind === 'local') return { direction: 'local', paths, dest: to.path === '' ? '.' : to.path };
  return remoteEnd('push', to, paths, to.path);
}

function remoteEnd(direction: 'push' | 'pull', at: Remote, paths: ByteString[], dest: ByteString): Endpoints {
  const { user, host } = at;
  if (at.kind === 'ssh') return { direction, user, host, paths, dest };
  if (at.path.startsWith('/')) {
    throw fail('usage', 'no-module', 'The remote path must start with a module name not a /', { exitCode: 5 });
  }
  const module = at.path.replace(/\/.*$/s, '');
  // The module itself is its contents.
  const whole = (path: ByteString): ByteString => (path === module && module !== '' ? `${path}/` : path);
  return {
    ...{ direction, user, host, daemon: { port: at.port, module } },
    paths: direction === 'pull' ? paths.map(whole) : paths,
    dest: direction === 'push' ? whole(dest) : dest,
  };
}

/** Refuses options that mean something to a daemon alone. @throws usage, in rsync's words */
export function checkDaemonOptions({ passwordFile, contimeout }: TransferOptions): void {
  if (passwordFile !== null) {
    const message = 'The --password-file option may only be used when accessing an rsync daemon.';
    throw fail('usage', 'daemon-only', message);
  }
  if (contimeout !== 0) {
    const message = 'The --contimeout option may only be used when connecting to an rsync daemon.';
    throw fail('usage', 'daemon-only', message);
  }
}
