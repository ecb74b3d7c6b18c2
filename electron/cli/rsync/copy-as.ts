import { execFileSync } from 'node:child_process';
import { fail } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';

/** initgroups(3), which the types of Node leave out. */
type WithInitgroups = NodeJS.Process & { initgroups(user: string | number, extraGroup: number): void };

/**
 * Gives up this process's privileges for those of the user of `--copy-as=USER[:GROUP]`, for good. Without a group the
 * user's own groups count, with one that group alone.
 * @throws `usage` (exit 1) for unknown names, and where this process may not change who it is
 */
export function becomeUser(text: ByteString): void {
  const colon = text.indexOf(':');
  const user = bytesToText(colon < 0 ? text : text.slice(0, colon));
  const group = colon < 0 ? null : bytesToText(text.slice(colon + 1));
  if (process.setuid === undefined || process.geteuid?.() !== 0)
    throw fail('usage', 'copy-as', '--copy-as works only for a process that may become another user (root)');
  const uid = lookUp('user', user, ['id', '-u', '--', user]);
  const gid = group === null ? lookUp('user', user, ['id', '-g', '--', user]) : groupId(group);
  if (group === null) (process as WithInitgroups).initgroups(user === String(uid) ? uid : user, gid);
  else process.setgroups!([gid]);
  process.setgid!(gid);
  process.setuid(uid);
}

function groupId(group: string): number {
  return /^\d+$/.test(group) ? Number(group) : lookUp('group', group, ['getent', 'group', '--', group]);
}

/** Asks the system, which may know more users than its files do. */
function lookUp(kind: 'user' | 'group', name: string, [program, ...args]: string[]): number {
  try {
    if (name === '') throw new Error('no name');
    const answer = execFileSync(program!, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const id = Number(kind === 'group' ? answer.split(':')[2] : answer.trim());
    if (!Number.isInteger(id)) throw new Error('no number');
    return id;
  } catch (cause) {
    throw fail('usage', 'copy-as', `Invalid copy-as ${kind}: ${displayPath(name)}`, { cause });
  }
}
