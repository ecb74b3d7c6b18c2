import { DriftlineError, type ErrorData } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import { quoteShellWord } from '../../../shared/shell-words.ts';

/**
 * An error whose hint ends with the exact command that lets it go on, where a person may decide that: the guard's
 * findings are confirmed by their codes, a server's identity by its fingerprint.
 *
 * @param runAgain the command that was stopped, for findings; absent where none is to be repeated
 */
export function withCommand(
  error: ErrorData,
  hosts: readonly Host[],
  runAgain?: { profile: string; confirmed: readonly string[] },
): ErrorData {
  const said = error.hint === undefined ? '' : `${error.hint} `;
  const { findings = [], details } = error;
  if (runAgain !== undefined && findings.length > 0 && findings.every(({ confirmable }) => confirmable)) {
    const codes = new Set([...runAgain.confirmed, ...findings.map(({ code }) => code)]);
    const words = [...codes].map((code) => (code === 'many-deletions' ? '--yes-delete' : `--confirm=${code}`));
    const command = ['driftline run', quoteShellWord(runAgain.profile), ...words].join(' ');
    return { ...error, hint: `${said}If the preview is right: ${command}` };
  }
  if (error.code === 'unknown-host' && typeof details?.['fingerprint'] === 'string') {
    const { host: address, port, fingerprint } = details;
    const host = hosts.find((each) => each.address === address && each.port === port && each.hostKey === null);
    if (host === undefined) return error;
    const command = `driftline host edit ${quoteShellWord(host.name)} --fingerprint ${fingerprint}`;
    return {
      ...error,
      hint: `Compare the fingerprint with the one the administrator gives. If it is the same: ${command}`,
    };
  }
  return error;
}

/** The same for what was thrown. */
export const adviseThrown = (error: unknown, hosts: readonly Host[]): unknown =>
  error instanceof DriftlineError ? new DriftlineError(withCommand(error.data, hosts), { cause: error }) : error;
