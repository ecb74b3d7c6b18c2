import { AUTH_DIGESTS, SUPPORTED_CHECKSUMS, SUPPORTED_COMPRESSIONS } from '../../engine/options/algorithm-names.ts';
import { VERSION } from '../version.ts';

const PROTOCOL = 32;
const linux = process.platform === 'linux';

/** Names in rsync's words for what both programs can or cannot do. */
const CAPABILITIES: readonly (readonly [json: string, words: string, has: boolean])[] = [
  ['symlinks', 'symlinks', true],
  ['symtimes', 'symtimes', true],
  ['hardlinks', 'hardlinks', true],
  ['hardlink_specials', 'hardlink-specials', linux],
  ['hardlink_symlinks', 'hardlink-symlinks', linux],
  ['IPv6', 'IPv6', true],
  ['atimes', 'atimes', true],
  ['batchfiles', 'batchfiles', true],
  ['inplace', 'inplace', true],
  ['append', 'append', true],
  ['ACLs', 'ACLs', linux],
  ['xattrs', 'xattrs', linux],
  ['secluded_args', 'secluded-args', true],
  ['iconv', 'iconv', true],
  ['prealloc', 'prealloc', linux],
  ['stop_at', 'stop-at', true],
  ['crtimes', 'crtimes', false],
];

const checksums = (): string[] => [...new Set<string>([...SUPPORTED_CHECKSUMS, 'none'])];
const compressions = (): string[] => [...new Set<string>([...SUPPORTED_COMPRESSIONS, 'none'])];

/** Words in lines of a terminal's width, indented. */
function filled(words: readonly string[], separator: string): string[] {
  const lines: string[] = [];
  for (const [i, word] of words.entries()) {
    const text = i < words.length - 1 ? word + separator : word;
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + text.length > 76) lines.push(`    ${text}`);
    else lines[lines.length - 1] = `${last} ${text}`;
  }
  return lines;
}

/** The text of `--version`. */
export function versionText(): string {
  return [
    `driftline rsync  version ${VERSION}  protocol version ${PROTOCOL}`,
    'Speaks the rsync protocol, versions 27 to 32. Not the rsync program, and not from its authors.',
    'Capabilities:',
    ...filled(
      CAPABILITIES.map(([, words, has]) => (has ? words : `no ${words}`)),
      ',',
    ),
    'Checksum list:',
    ...filled(checksums(), ''),
    'Compress list:',
    ...filled(compressions(), ''),
    'Daemon auth list:',
    ...filled(AUTH_DIGESTS, ''),
    '',
  ].join('\n');
}

/** The text of `-VV`: the same as JSON, in the form rsync gives it. */
export function versionJson(): string {
  const facts = {
    program: 'driftline rsync',
    version: VERSION,
    protocol: `${PROTOCOL}.0`,
    capabilities: Object.fromEntries(CAPABILITIES.map(([name, , has]) => [name, has])),
    checksum_list: checksums(),
    compress_list: compressions(),
    daemon_auth_list: AUTH_DIGESTS,
  };
  return `${JSON.stringify(facts, null, 2)}\n`;
}
