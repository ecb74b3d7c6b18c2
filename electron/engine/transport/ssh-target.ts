import type { PathText } from '../../../shared/model/path.ts';
import { fail } from '../../../shared/errors.ts';

/** One way to prove who we are. Secrets are never here: they are asked for through `SshPrompts` when needed. */
export type SshAuth =
  /** `socket` defaults to SSH_AUTH_SOCK; with `only`, just those of its keys whose public half stands beside one of these files. */
  | { kind: 'agent'; socket?: string; only?: readonly PathText[] }
  | { kind: 'key'; path: PathText }
  | { kind: 'password' };

/** A server and how to log in. Methods are tried in the order given; nothing else is ever tried. */
export interface SshTarget {
  host: string;
  port: number;
  user: string;
  auth: readonly SshAuth[];
  /** Name its key is kept under in place of its address (ssh_config(5) HostKeyAlias). */
  hostKeyAlias?: string;
  /** Addresses to use; absent = any. */
  family?: 4 | 6;
}

export interface HostKeyQuestion {
  host: string;
  port: number;
  /** Key type as in known_hosts, e.g. `ssh-ed25519`. */
  algorithm: string;
  /** `SHA256:…`. */
  fingerprint: string;
  /** known_hosts trusts a certificate authority for this host; certificates are not understood here. */
  authority: boolean;
}

export type HostKeyAnswer = 'accept-once' | 'accept-save' | 'refuse';

export interface SecretQuestion {
  kind: 'password' | 'passphrase';
  host: string;
  user: string;
  /** Passphrase only. */
  keyPath?: PathText;
  /** 1, 2, 3: above 1 the last answer was wrong. */
  attempt: number;
}

export interface LoginField {
  /** What the server asks, in its words, escaped. */
  label: string;
  /** Whether the answer may be shown while it is typed. */
  echo: boolean;
}

export interface LoginQuestion {
  host: string;
  user: string;
  /** The server's words, escaped; may be empty. */
  title: string;
  instructions: string;
  /** At least one. */
  fields: LoginField[];
}

/** Whoever can answer for the person. Calls may take as long as they like: connection timers stand still meanwhile. */
export interface SshPrompts {
  /** Asked for a key nobody vouches for, before any credential is read or sent. */
  hostKey(question: HostKeyQuestion): Promise<HostKeyAnswer>;
  /** Null = no answer; the method is skipped. */
  secret(question: SecretQuestion): Promise<string | null>;
  /**
   * Answers what a server asks beyond a password, such as a code, field by field; null = no answer. Absent where nobody
   * can be shown a server's own words. The answers are for this login alone.
   */
  answers?(question: LoginQuestion): Promise<string[] | null>;
}

/** Prompts for runs with nobody to ask: unknown hosts are refused, secrets are missing. */
export const NO_PROMPTS: SshPrompts = {
  hostKey: () => Promise.resolve('refuse'),
  secret: () => Promise.resolve(null),
};

// What OpenSSH refuses in names given on a command line (ssh.c valid_hostname, valid_ruser), as one allow-by-exclusion.
const UNSAFE_HOST = /^-|[\s'"`$\\;&<>|(){}*?!,#@/\x00-\x20\x7f]/; // eslint-disable-line no-control-regex
const UNSAFE_USER = /^-|['"`$;&<>|(){}\x00-\x1f\x7f]|\s-|\\$/; // eslint-disable-line no-control-regex

/** Throws `usage` (`bad-host`, `bad-user`, `bad-port`) for names a shell or an option parser could read as more. */
export function checkTarget(target: SshTarget): void {
  if (target.host === '' || target.host.length > 1025 || UNSAFE_HOST.test(target.host))
    throw fail('usage', 'bad-host', 'The host name contains characters that are not allowed.');
  if (target.user === '' || target.user.length > 255 || UNSAFE_USER.test(target.user))
    throw fail('usage', 'bad-user', 'The user name contains characters that are not allowed.');
  if (!Number.isInteger(target.port) || target.port < 1 || target.port > 65535)
    throw fail('usage', 'bad-port', `${target.port} is not a port number.`);
}

/** `user@host`, with the port where it is not 22. */
export function describeTarget(target: SshTarget): string {
  return `${target.user}@${target.host}${target.port === 22 ? '' : `:${target.port}`}`;
}
