import { fail } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';

/** One `FROM:TO` of `--usermap` or `--groupmap`, as given; the first that matches an id decides. */
export interface IdMapRule {
  /** A name, a wildcard pattern, an id range (`low`–`high`), or everything without a name (an empty FROM). */
  readonly from: { readonly pattern: ByteString } | { readonly low: number; readonly high: number } | 'unnamed';
  /** A name or a number on the receiving side. */
  readonly to: ByteString | number;
}

const MAX_ID = 0xffffffff;

/**
 * Parses the value of `--usermap` or `--groupmap`: `FROM:TO` separated by commas.
 * @throws usage `bad-value`, in rsync's words
 */
export function parseIdMap(option: 'usermap' | 'groupmap', text: ByteString): IdMapRule[] {
  return text.split(',').map((rule) => {
    const colon = rule.indexOf(':');
    if (colon < 0) throw fail('usage', 'bad-value', `No colon found in --${option}: ${rule}`);
    const from = rule.slice(0, colon);
    const to = rule.slice(colon + 1);
    return { from: parseFrom(option, from), to: /^\d+$/.test(to) ? Math.min(Number(to), MAX_ID) : to };
  });
}

function parseFrom(option: string, text: ByteString): IdMapRule['from'] {
  if (text === '') return 'unnamed';
  if (!/^\d/.test(text)) return { pattern: text };
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  if (match === null) throw fail('usage', 'bad-value', `Invalid number in --${option}: ${text}`);
  const low = Math.min(Number(match[1]), MAX_ID);
  return { low, high: match[2] === undefined ? low : Math.min(Number(match[2]), MAX_ID) };
}

/** The rules as the value of the option they came from, for a server's command line. */
export function idMapText(rules: readonly IdMapRule[]): ByteString {
  return rules
    .map(({ from, to }) => {
      if (from === 'unnamed') return `:${to}`;
      if ('pattern' in from) return `${from.pattern}:${to}`;
      return from.low === from.high ? `${from.low}:${to}` : `${from.low}-${from.high}:${to}`;
    })
    .join(',');
}
