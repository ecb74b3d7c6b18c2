import type { ErrorData, ErrorKind } from './errors.ts';

/** What a screen can offer as the next step; the words stand in `action`. */
export type ErrorAction = 'retry' | 'edit-host' | 'test-host' | 'edit-profile' | 'preview';

/** An error as a person sees it. */
export interface ErrorText {
  title: string;
  message: string;
  hint: string | null;
  action: { kind: ErrorAction; label: string } | null;
}

interface Row {
  title: string;
  /** Replaces the error's own hint only where that has none. */
  hint?: string;
  action?: ErrorAction;
}

const ACTION_LABEL: Record<ErrorAction, string> = {
  retry: 'Try again',
  'edit-host': 'Edit host',
  'test-host': 'Test connection',
  'edit-profile': 'Edit profile',
  preview: 'Preview',
};

const BY_KIND: Record<ErrorKind, Row> = {
  usage: { title: 'That cannot be done as entered' },
  guard: { title: 'Stopped to protect your files', action: 'preview' },
  connect: { title: 'No connection', hint: 'Check the network and the address, then try again.', action: 'retry' },
  'host-key': { title: 'The server’s identity is not confirmed', action: 'test-host' },
  auth: { title: 'The server did not accept the login', action: 'edit-host' },
  remote: { title: 'The server ended the transfer', action: 'retry' },
  protocol: {
    title: 'The server sent something unexpected',
    hint: 'Test the connection. If it goes on, the server’s rsync or its login scripts may be at fault.',
    action: 'test-host',
  },
  fs: { title: 'A file or folder could not be used' },
  integrity: {
    title: 'Data did not pass verification',
    hint: 'Nothing damaged was kept. Run again; if it repeats, check memory and disk on both sides.',
    action: 'retry',
  },
  partial: { title: 'Finished, but not everything was transferred', action: 'retry' },
  cancelled: { title: 'Cancelled' },
  internal: {
    title: 'Something went wrong inside Driftline',
    hint: 'This is a fault in Driftline. Please report it with the steps that led here.',
  },
};

/** Copy, severity and next step stand together, keyed by `kind/code`. */
const BY_CODE: Record<string, Row> = {
  'guard/source-empty': {
    title: 'The source is empty',
    hint: 'Is the disk mounted? If the folder should be empty, preview first and confirm there.',
    action: 'preview',
  },
  'guard/source-missing': {
    title: 'The source is not there',
    hint: 'Is the disk mounted, or was the folder moved?',
    action: 'edit-profile',
  },
  'guard/source-unlistable': {
    title: 'The source could not be read in full',
    hint: 'Nothing is deleted while part of the source is unknown. See the issues, then run again.',
  },
  'guard/same-path': { title: 'Source and destination are the same folder', action: 'edit-profile' },
  'guard/nested-path': { title: 'One folder lies inside the other', action: 'edit-profile' },
  'guard/destination-root': { title: 'The destination is too wide', action: 'edit-profile' },
  'guard/destination-home': { title: 'The destination is too wide', action: 'edit-profile' },
  'guard/too-many-deletions': {
    title: 'This would delete more than half of the destination',
    hint: 'Preview to see what would go. If it is right, confirm it there.',
    action: 'preview',
  },
  'connect/refused': {
    title: 'The server refused the connection',
    hint: 'Is SSH running there, on this port?',
    action: 'edit-host',
  },
  'connect/timeout': {
    title: 'The server did not answer',
    hint: 'Check the address, the port and the network.',
    action: 'retry',
  },
  'connect/not-found': {
    title: 'No such address',
    hint: 'Check the spelling of the host’s address.',
    action: 'edit-host',
  },
  'connect/handshake': { title: 'No common way to encrypt', action: 'test-host' },
  'connect/io-timeout': {
    title: 'The server stopped answering',
    hint: 'What was finished stays. Run again to continue.',
    action: 'retry',
  },
  'connect/service-lost': {
    title: 'The connection to Driftline was lost',
    hint: 'Runs go on without the window. It reconnects by itself.',
  },
  'host-key/changed': {
    title: 'The server’s identity has changed',
    hint: 'Do not go on unless you know why: someone may be answering in its place. If the server was reinstalled, compare the new fingerprint with its administrator, then remove the host and add it again.',
    action: 'edit-host',
  },
  'host-key/unknown': {
    title: 'This server is not known yet',
    hint: 'Test the connection to see its fingerprint.',
    action: 'test-host',
  },
  'host-key/refused': { title: 'You refused the server’s identity', action: 'test-host' },
  'auth/agent-unavailable': {
    title: 'No SSH agent is running',
    hint: 'Start an agent and add your key, or choose a key file for this host.',
    action: 'edit-host',
  },
  'auth/key-unreadable': { title: 'The key file could not be read', action: 'edit-host' },
  'auth/no-password': { title: 'A password is needed', action: 'edit-host' },
  'auth/too-many-auth-failures': {
    title: 'Too many logins were tried',
    hint: 'An agent with many keys can cause this. Choose the key file for this host.',
    action: 'edit-host',
  },
  'remote/command-not-found': {
    title: 'There is no rsync on the server',
    hint: 'Install rsync there, or enter its path in the host’s settings.',
    action: 'edit-host',
  },
  'remote/command-not-runnable': { title: 'The server may not run rsync', action: 'edit-host' },
  'remote/closed-early': {
    title: 'The server ended early',
    hint: 'What was finished stays. Run again to continue.',
    action: 'retry',
  },
  'protocol/bad-greeting': {
    title: 'The server’s shell prints text',
    hint: 'Something in its login scripts writes to the output. Make them silent for non-interactive logins.',
    action: 'test-host',
  },
  'protocol/too-old': { title: 'The server’s rsync is too old' },
  'fs/no-space': {
    title: 'The disk is full',
    hint: 'Make room, then run again. What was finished stays.',
    action: 'retry',
  },
};

/**
 * Words for an error: the table's title, the error's own message, and the more exact of the two hints.
 * An unknown code falls back to its kind, an unknown kind to `internal`.
 */
export function errorText(error: ErrorData): ErrorText {
  const general = BY_KIND[error.kind] ?? BY_KIND.internal;
  const exact = BY_CODE[`${error.kind}/${error.code}`];
  const action = exact ? exact.action : general.action;
  return {
    title: (exact ?? general).title,
    message: error.message,
    hint: error.hint ?? exact?.hint ?? (exact ? undefined : general.hint) ?? null,
    action: action === undefined ? null : { kind: action, label: ACTION_LABEL[action] },
  };
}
