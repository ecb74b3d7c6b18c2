import type { KeychainProblem } from '../../../shared/model/keychain.ts';

/** Where secrets are kept, and why they may not be. */
export const keychain = {
  ready: (name: string) => `Passwords and passphrases are stored in ${name}, nowhere else.`,
  meaning: 'They stay in memory until Driftline ends, and are asked for again; they are never written to a file.',
  why: {
    'not-installed': 'Secrets cannot be stored: the keychain package is not installed.',
    'no-bus': 'Secrets cannot be stored: there is no desktop session (D-Bus) here.',
    'no-service': 'Secrets cannot be stored: no keychain is running.',
    locked: 'Secrets cannot be stored: the keychain is locked.',
    'no-collection': 'Secrets cannot be stored: the keychain holds no keyring yet.',
    silent: 'Secrets cannot be stored: the keychain does not answer.',
    failed: 'Secrets cannot be stored: the keychain failed.',
  },
  next: {
    'not-installed': 'Install the optional package keytar.',
    'no-bus': 'Use keys or an SSH agent for runs without anybody present.',
    'no-service': 'Start one, such as GNOME Keyring, KWallet or KeePassXC, and start Driftline again.',
    locked: 'Unlock it, then save the secret again.',
    'no-collection': 'Create a keyring (in Passwords and Keys, or KWallet), then save the secret again.',
    silent: 'It may be waiting for you in a window of its own. Start Driftline again after that.',
    failed: 'Start Driftline again; if it goes on, use keys or an SSH agent.',
  },
} as const satisfies {
  ready: (name: string) => string;
  meaning: string;
  why: Record<KeychainProblem, string>;
  next: Record<KeychainProblem, string>;
};
