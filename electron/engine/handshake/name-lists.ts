import { fail } from '../../../shared/errors.ts';

/** One kind of algorithm that is negotiated by name (reference §2.3). */
export interface NameKind<Name extends string> {
  /** As messages call it. */
  readonly kind: 'checksum' | 'compress';
  /** What can be chosen, best first in the stock order. `none` is always known and never offered by a client. */
  readonly supported: readonly Name[];
  /** Other spellings. */
  readonly aliases: Readonly<Record<string, Name>>;
  /** The environment variable that changes order and choice. */
  readonly variable: 'RSYNC_CHECKSUM_LIST' | 'RSYNC_COMPRESS_LIST';
}

/** What stands in for a list without a known name, so that the negotiation fails as it should. */
const INVALID = 'INVALID';

/** The name in our spelling, or null for one that is unknown. */
export function knownName<Name extends string>(
  { supported, aliases }: NameKind<Name>,
  text: string,
): Name | 'none' | null {
  const lower = text.toLowerCase();
  if (lower === 'none') return 'none';
  return supported.find((name) => name === lower) ?? aliases[lower] ?? null;
}

/**
 * What one side offers, best first: the user's list from the environment (the part before an `&` is the client's), or
 * everything. Null means a list that holds nothing known.
 */
export function offeredNames<Name extends string>(
  kind: NameKind<Name>,
  isServer: boolean,
  environment: NodeJS.ProcessEnv,
): readonly (Name | 'none')[] | null {
  const value = environment[kind.variable] ?? '';
  const cut = value.indexOf('&');
  const words = (cut < 0 ? value : isServer ? value.slice(cut + 1) : value.slice(0, cut)).trim();
  if (words === '') return isServer ? [...kind.supported, 'none'] : kind.supported;
  const names = words.split(/\s+/).map((word) => knownName(kind, word));
  const known = [...new Set(names.filter((name) => name !== null))];
  return known.length > 0 ? known : null;
}

/** A list as it goes over the wire. */
export function listText(names: readonly string[] | null): string {
  return names === null ? INVALID : names.join(' ');
}

/** The first of `names` that the peer lists. Given the client's list, old and new rsync agree with the outcome. */
export function firstCommon<Name extends string>(
  kind: NameKind<Name>,
  client: { text: string; names: readonly (Name | 'none')[] | null },
  server: { text: string; names: readonly (Name | 'none')[] | null },
): Name | 'none' {
  const found = client.names?.find((name) => server.names?.includes(name) === true);
  if (found !== undefined) return found;
  throw fail('protocol', `no-common-${kind.kind}`, `Failed to negotiate a ${kind.kind} choice.`, {
    exitCode: 4,
    hint: `The server offers "${printable(server.text)}", the client "${printable(client.text)}".`,
  });
}

/** The peer's list; unknown names count for nothing. */
export function readNames<Name extends string>(kind: NameKind<Name>, text: string): (Name | 'none')[] {
  return text
    .split(' ')
    .map((word) => knownName(kind, word))
    .filter((name) => name !== null);
}

const printable = (text: string): string => text.replace(/[^ -~]/g, '?');
