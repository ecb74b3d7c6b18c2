import { plural } from '../../../shared/format.ts';
import type { FoundKey, Host } from '../../../shared/model/host.ts';
import type { CliValue } from '../../../shared/model/cli.ts';
import { displayPath } from '../../../shared/model/path.ts';
import { readWords } from './arguments.ts';
import type { CommandContext } from './context.ts';
import { COMMANDS } from './table.ts';

/** Hosts and keys that OpenSSH has here already. */

/** Saves names of `~/.ssh/config`; without any, says which there are. */
export async function importHosts(words: readonly string[], context: CommandContext): Promise<CliValue<'host import'>> {
  const { values, positionals } = readWords(words, COMMANDS['host import']);
  const { service, print, notice } = context;
  const candidates = await service.handlers['hosts.sshConfig'](null);
  const all = candidates.filter(({ draft, savedAs }) => draft !== null && savedAs === null).map(({ alias }) => alias);
  const aliases = values.all === true ? all : positionals;
  let added: Host[] = [];
  if (aliases.length > 0) {
    added = await service.handlers['hosts.import']({ aliases });
    for (const { alias, notes } of candidates.filter((each) => aliases.includes(each.alias)))
      for (const note of notes) notice(displayPath(`${alias}: ${note}`));
    for (const { name, user, address } of added) print(displayPath(`Saved the host “${name}”: ${user}@${address}.`));
    if (added.length === 0) print('All of them are saved already.');
    return { candidates, added };
  }
  if (candidates.length === 0) print('~/.ssh/config names no hosts.');
  for (const { alias, draft, jumps, savedAs, notes } of candidates) {
    const where = draft === null ? 'cannot be saved' : `${draft.user}@${draft.address}:${draft.port}`;
    const way = jumps.length > 0 ? `, through ${jumps.join(', ')}` : '';
    print(displayPath(`${alias}  ${where}${way}${savedAs === null ? '' : `  (saved as “${savedAs}”)`}`));
    for (const note of notes) print(displayPath(`  ${note}`));
  }
  if (all.length > 0) print(`“driftline host import --all” saves ${plural(all.length, 'host')}.`);
  return { candidates, added };
}

/** Private keys of `~/.ssh`: names and kinds, never contents. */
export async function listKeys(words: readonly string[], { service, print }: CommandContext): Promise<FoundKey[]> {
  readWords(words, COMMANDS['host keys']);
  const keys = await service.handlers['hosts.keys'](null);
  if (keys.length === 0) print('There are no private keys in ~/.ssh.');
  for (const { path, type, bits, comment, encrypted } of keys) {
    const kind = [
      type || 'kind unknown',
      bits === null ? '' : `${bits} bits`,
      encrypted ? 'with passphrase' : '',
      comment,
    ];
    print(displayPath(`${path}  ${kind.filter(Boolean).join(', ')}`));
  }
  return keys;
}
