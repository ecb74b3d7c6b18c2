import { type DriftlineError, fail } from '../../../shared/errors.ts';
import { displayPath } from '../../../shared/model/path.ts';

/** How far a connection had come when something went wrong. */
export type SshPhase = 'connecting' | 'handshake' | 'auth' | 'ready';

/** Stock `rsync` over `ssh` ends with ssh's own code when there is no connection (reference §8.8). */
const SSH_EXIT = 255;

/** The shape of what node:net and ssh2 emit; `level` is ssh2's. */
export interface RawSshError extends Error {
  level?: string;
  code?: string | number;
  /** Happy-eyeballs connects collect one error per address. */
  errors?: readonly RawSshError[];
}

function connectError(code: string, message: string, hint?: string, cause?: unknown): DriftlineError {
  return fail('connect', code, message, { hint, exitCode: SSH_EXIT, cause });
}

/** Nothing came from the server for too long; `seconds` where the limit is ours. */
export function timeoutError(where: string, phase: SshPhase, seconds?: number): DriftlineError {
  const limit = seconds === undefined ? 'in time' : `within ${seconds} seconds`;
  switch (phase) {
    case 'connecting':
      return connectError(
        'timeout',
        `${where} did not answer ${limit}.`,
        'Check the address, the port and the network.',
      );
    case 'handshake':
      return connectError(
        'silent',
        `${where} accepted the connection, but did not complete the SSH handshake ${limit}.`,
        'Check that the port is an SSH server’s. A server under heavy load can be silent, too.',
      );
    case 'auth':
      return connectError('timeout', `${where} did not answer the login ${limit}.`);
    case 'ready':
      return connectError('timeout', `${where} stopped answering.`);
  }
}

/** The connection ended without an error of its own. */
export function closedError(where: string, phase: SshPhase): DriftlineError {
  if (phase === 'handshake')
    return connectError(
      'handshake',
      `${where} closed the connection before the SSH handshake was complete.`,
      'Check that this port is an SSH server, and that it accepts connections from here.',
    );
  if (phase === 'auth') return connectError('closed-early', `${where} closed the connection during the login.`);
  return connectError('closed-early', `The connection to ${where} was closed.`);
}

/** Something answers at the port, but not as an SSH server does. @param sent what it sent first */
export function noSshError(where: string, sent: Buffer): DriftlineError {
  const line = displayPath(sent.toString('latin1').split(/[\r\n]/, 1)[0]!).slice(0, 60);
  return fail('connect', 'no-ssh', `What answers at ${where} is not an SSH server: it sent “${line}”.`, {
    hint: 'Check the port. SSH servers usually listen on 22.',
    exitCode: SSH_EXIT,
    retryable: false,
  });
}

/**
 * Turns what ssh2 or the socket emitted into our error. Server text is escaped.
 *
 * @param where the server, already escaped
 */
export function mapSshError(raw: RawSshError, where: string, phase: SshPhase): DriftlineError {
  const code = raw.code ?? raw.errors?.find((item) => item.code !== undefined)?.code;
  switch (code ?? '') {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
    case 'EAI_NODATA':
      return connectError(
        'dns',
        `The name of ${where} cannot be resolved.`,
        'Check the spelling and the network.',
        raw,
      );
    case 'ECONNREFUSED':
      return connectError(
        'refused',
        `${where} refused the connection.`,
        'Check the port, and that the SSH server is running.',
        raw,
      );
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
    case 'EADDRNOTAVAIL':
      return connectError('unreachable', `There is no route to ${where}.`, 'Check the network or the VPN.', raw);
    case 'ETIMEDOUT':
      return timeoutError(where, phase);
    case 'ECONNRESET':
    case 'EPIPE':
      return phase === 'ready'
        ? connectError('closed-early', `The connection to ${where} was reset.`, undefined, raw)
        : closedError(where, phase);
  }
  if (raw.level === 'client-timeout') return timeoutError(where, 'ready');
  const text = displayPath(raw.message).slice(0, 500);
  if (phase === 'connecting') return connectError('unreachable', `No connection to ${where}: ${text}.`, undefined, raw);
  if (phase === 'handshake')
    return fail('connect', 'handshake', `No secure connection to ${where}: ${handshakeText(text)}.`, {
      hint: 'The server offers only methods that are too old or too new for this program, or it is no SSH server.',
      exitCode: SSH_EXIT,
      retryable: false,
      cause: raw,
    });
  if (phase === 'auth') return connectError('closed-early', `${where} ended the login: ${text}.`, undefined, raw);
  return connectError('closed-early', `The connection to ${where} failed: ${text}.`, undefined, raw);
}

function handshakeText(text: string): string {
  return text.replace(/^Handshake failed: /, '').replace(/\.$/, '');
}
