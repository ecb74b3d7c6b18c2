import type { KeychainProblem } from '../../shared/model/keychain.ts';
import type { PathText } from '../../shared/model/path.ts';
import type { RunSnapshot } from '../../shared/model/run.ts';

/** What the service needs from the shell that hosts it. Every port is small enough to write by hand in a test. */

/** Time. `timer` fires once after `ms` (at most 2³¹−1) and returns a function that cancels it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  timer(ms: number, fire: () => void): () => void;
}

/** System notifications. Never throws; a shell without any leaves it empty. */
export interface Notifier {
  /** A run ended. The shell decides from the outcome whether and how to show it. */
  runEnded(snapshot: RunSnapshot): void;
  /** Something happened that nobody asked for: a damaged store was replaced, an interrupted run was found. */
  notice(message: string): void;
}

/** System dialogs. */
export interface Dialogs {
  /** Returns an absolute path, or null when cancelled or when the shell has no picker. */
  pickFolder(): Promise<PathText | null>;
  /** Asks for a place and saves the text there (null = cancelled); shells without such a dialog leave it out. */
  saveText?(name: string, text: string): Promise<PathText | null>;
  /** A private key file, starting in `~/.ssh`. Absent where the shell has no file dialog. */
  pickKey?(): Promise<PathText | null>;
}

/**
 * A system keychain. Methods reject when the keychain is locked, absent or broken; `secrets.ts` adds the time limit.
 * The value is opaque text.
 */
export interface Keychain {
  /** Backend in words (`gnome-keyring (Secret Service)`), or null when there is none. Never rejects. */
  backend(): Promise<string | null>;
  /** Why `backend` gave null, once it did. */
  problem?(): KeychainProblem | null;
  get(account: string): Promise<string | null>;
  set(account: string, value: string): Promise<void>;
  delete(account: string): Promise<void>;
}

/**
 * The file the store keeps its document in. `conf` and `electron-store` both fit through `store/conf-store.ts`.
 * `write` replaces the whole file at once with mode 0600; `read` gives null when there is no file.
 */
export interface StoreFile {
  readonly path: string;
  read(): string | null;
  write(text: string): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  timer(ms, fire) {
    const timeout = setTimeout(fire, ms);
    return () => {
      clearTimeout(timeout);
    };
  },
};
