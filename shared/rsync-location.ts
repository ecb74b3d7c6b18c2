import { fail } from './errors.ts';
import { type ByteString, bytesToText, displayPath } from './model/path.ts';

/** What a source or destination of an rsync command names. */
export type Location =
  | { kind: 'local'; path: ByteString }
  | { kind: 'ssh'; user: ByteString | null; host: ByteString; path: ByteString }
  /** `path` begins with the module's name; '' stands for the list of modules. */
  | { kind: 'daemon'; user: ByteString | null; host: ByteString; port: number | null; path: ByteString };

/**
 * Reads a source or destination by rsync's rule: a colon before any slash makes it remote, two colons or `rsync://` a
 * daemon; `[v6]:path` holds an IPv6 address.
 * @throws usage `bad-host` for an empty host or one beginning with `-`
 */
export function parseLocation(arg: ByteString): Location {
  const url = /^rsync:\/\/(?:([^/]*)@)?(\[[^\]/]*\]|[^/:@]*)(?::(\d*))?(?:\/(.*))?$/is.exec(arg);
  if (url !== null) {
    const [, user, bracketed, port, path] = url;
    const host = checkedHost(arg, user, bracketed!.replace(/^\[(.*)\]$/s, '$1'));
    return { kind: 'daemon', user: user || null, host, port: port ? Number(port) : null, path: path ?? '' };
  }
  const match = /^(?:([^/:]*)@)?\[([^\]/]*)\]:(:?)(.*)$/s.exec(arg) ?? /^(?:([^/:]*)@)?([^/:]*):(:?)(.*)$/s.exec(arg);
  if (match === null) return { kind: 'local', path: arg };
  const [, user, name, daemon, path] = match;
  const host = checkedHost(arg, user, name!);
  if (daemon === ':') return { kind: 'daemon', user: user || null, host, port: null, path: path! };
  return { kind: 'ssh', user: user ?? null, host, path: path! };
}

function checkedHost(arg: ByteString, user: ByteString | undefined, host: ByteString): ByteString {
  if (host === '' || host.startsWith('-') || user?.startsWith('-') === true) {
    throw fail('usage', 'bad-host', `Invalid remote host in ${displayPath(bytesToText(arg))}`, {
      hint: 'Write ./ before a local name that has a colon.',
    });
  }
  return host;
}
