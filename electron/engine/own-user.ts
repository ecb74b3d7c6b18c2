import { homedir, userInfo } from 'node:os';

/**
 * Login name and home folder of whoever runs this. An account that the user database does not know, as containers have
 * them, is named by `$LOGNAME` or `$USER`, or else by its number: a run must not end for a name it may never need.
 *
 * @param look what asks the user database; throws where the account is not in it
 */
export function ownUser(
  look: () => { username: string; homedir: string } = userInfo,
  env: NodeJS.ProcessEnv = process.env,
): { username: string; homedir: string } {
  try {
    return look();
  } catch {
    return { username: env['LOGNAME'] || env['USER'] || String(process.getuid?.() ?? ''), homedir: homedir() };
  }
}
