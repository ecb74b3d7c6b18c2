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
  'guard/empty-source': { title: 'The source is empty', action: 'edit-profile' },
  'guard/source-missing': { title: 'The source is not there', action: 'edit-profile' },
  'guard/source-not-folder': { title: 'The source is not a folder', action: 'edit-profile' },
  'guard/source-unlistable': { title: 'The source cannot be read' },
  'guard/source-incomplete': {
    title: 'Part of one side could not be read',
    hint: 'Nothing is deleted while something is unknown. See the issues, then run again.',
  },
  'guard/same-path': { title: 'Source and destination are the same folder', action: 'edit-profile' },
  'guard/nested-path': { title: 'One folder lies inside the other', action: 'edit-profile' },
  'guard/destination-root': { title: 'The destination is too wide', action: 'edit-profile' },
  'guard/destination-home': { title: 'The destination is too wide', action: 'edit-profile' },
  'guard/destination-empty': { title: 'The destination has no path', action: 'edit-profile' },
  'guard/destination-moved': { title: 'The destination is not the folder it was', action: 'preview' },
  'guard/many-deletions': { title: 'This would delete a large part of the destination', action: 'preview' },
  'guard/wrong-folder': { title: 'The two folders have little in common', action: 'preview' },
  'guard/replaces-newer': { title: 'This would replace newer files by older ones', action: 'preview' },
  'guard/destination-emptied': { title: 'The destination is empty now', action: 'preview' },
  'guard/destination-link': { title: 'The destination is a link', action: 'edit-profile' },
  'guard/destination-volume': { title: 'The destination is on another disk than before', action: 'edit-profile' },
  'guard/destination-replaced': { title: 'The destination is not the folder it was', action: 'preview' },
  'guard/source-link': { title: 'The source leads to another folder than before', action: 'edit-profile' },
  'guard/source-volume': { title: 'The source is on another disk than before', action: 'edit-profile' },

  'connect/dns': { title: 'No such address', action: 'edit-host' },
  'connect/refused': { title: 'The server refused the connection', action: 'edit-host' },
  'connect/timeout': { title: 'The server did not answer', action: 'retry' },
  'connect/unreachable': { title: 'The server cannot be reached', action: 'retry' },
  'connect/silent': { title: 'The server says nothing', action: 'edit-host' },
  'connect/no-ssh': { title: 'This is not an SSH server', action: 'edit-host' },
  'connect/jump-refused': { title: 'The jump host does not connect further', action: 'edit-host' },
  'connect/handshake': { title: 'No secure connection', action: 'test-host' },
  'connect/closed-early': {
    title: 'The connection was closed',
    hint: 'What was finished stays. Run again to continue.',
    action: 'retry',
  },
  'connect/io-timeout': {
    title: 'The server stopped answering',
    hint: 'What was finished stays. Run again to continue.',
    action: 'retry',
  },
  'connect/service-lost': {
    title: 'The connection to Driftline was lost',
    hint: 'Runs go on without the window. It reconnects by itself.',
  },

  'host-key/host-key-changed': {
    title: 'The server’s identity has changed',
    hint: 'Somebody may be intercepting the connection. If you know that the server was set up anew, choose “Forget its key” in the host’s menu (driftline host forget-key) and test again.',
  },
  'host-key/host-key-revoked': { title: 'The server’s key is revoked' },
  'host-key/host-key-weak': { title: 'The server’s key is too weak' },
  'host-key/unknown-host': {
    title: 'This server is not known yet',
    hint: 'Test the connection to see its fingerprint.',
    action: 'test-host',
  },

  'auth/agent-unavailable': {
    title: 'No SSH agent is running',
    hint: 'Start an agent and add your key, or choose a key file for this host.',
    action: 'edit-host',
  },
  'auth/key-unreadable': { title: 'The key file cannot be used', action: 'edit-host' },
  'auth/key-passphrase-wrong': { title: 'The passphrase does not open the key', action: 'edit-host' },
  'auth/password-refused': { title: 'The password was not accepted', action: 'edit-host' },
  'auth/key-refused': { title: 'The key was not accepted', action: 'edit-host' },
  'auth/method-not-offered': { title: 'The server does not take this login', action: 'edit-host' },
  'auth/answers-refused': { title: 'The answers were not accepted', action: 'retry' },
  'auth/no-answer': { title: 'The server’s question was not answered', action: 'retry' },
  'auth/no-password': { title: 'A password is needed', action: 'edit-host' },
  'auth/password-expired': { title: 'The password has expired' },
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
  'remote/unknown-option': { title: 'The server’s rsync lacks an option', action: 'edit-profile' },
  'remote/command-refused': { title: 'The server does not run rsync for this login', action: 'edit-host' },
  'remote/list-failed': { title: 'The folder could not be listed', action: 'retry' },
  'remote/command-not-runnable': { title: 'The server may not run rsync', action: 'edit-host' },
  'remote/closed-early': {
    title: 'The server ended early',
    hint: 'What was finished stays. Run again to continue.',
    action: 'retry',
  },
  'protocol/bad-greeting': {
    title: 'The server’s shell prints text',
    hint: 'Something in its login scripts writes to the output. Make them silent for logins without a terminal.',
    action: 'test-host',
  },
  'protocol/too-old': { title: 'The server’s rsync is too old' },

  'usage/plan-stale': { title: 'The preview is out of date', action: 'preview' },
  'usage/unknown-plan': { title: 'The preview is not kept any more', action: 'preview' },
  'usage/profile-busy': { title: 'The profile is running' },
  'usage/destination-busy': { title: 'Another run writes to this destination' },
  'usage/host-in-use': { title: 'This host is in use' },
  'usage/jump-cycle': { title: 'The way goes in circles', action: 'edit-host' },
  'usage/jump-missing': { title: 'The host on the way is gone', action: 'edit-host' },
  'usage/ssh-config-bad': { title: 'The SSH configuration cannot be used for this' },
  'fs/folder-missing': { title: 'There is no such folder' },
  'fs/folder-denied': { title: 'This folder may not be read' },
  'usage/name-taken': { title: 'This name is taken' },
  'cancelled/paused-too-long': { title: 'Paused for too long', action: 'preview' },
  'cancelled/interrupted': { title: 'Interrupted', action: 'retry' },
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
