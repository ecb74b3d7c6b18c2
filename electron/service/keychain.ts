import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { KeychainProblem } from '../../shared/model/keychain.ts';
import type { Keychain } from './ports.ts';

/** Keychain service name; the account is a host's id. */
const SERVICE = 'Driftline';

/** What we use of keytar. It is an optional package: where it was not built there is no keychain. */
interface Keytar {
  getPassword(service: string, account: string): Promise<string | null>;
  setPassword(service: string, account: string, password: string): Promise<void>;
  deletePassword(service: string, account: string): Promise<boolean>;
}

/**
 * The system's keychain through keytar, loaded at the first use. Calls run on libuv's thread pool and may wait for a
 * person to unlock a keyring; the time limit is `secrets.ts`'s.
 */
export function systemKeychain(): Keychain {
  let loading: Promise<Keytar | KeychainProblem> | null = null;
  let problem: KeychainProblem | null = null;
  const load = async (): Promise<Keytar | null> => {
    const loaded = await (loading ??= loadKeytar());
    if (typeof loaded !== 'string') return loaded;
    problem = loaded;
    return null;
  };
  const need = async (): Promise<Keytar> => {
    const keytar = await load();
    if (keytar === null) throw new Error('keytar is not installed');
    return keytar;
  };
  return {
    async backend() {
      const keytar = await load();
      if (keytar === null) return null;
      try {
        // Asking for an account that never exists shows whether anything answers.
        await keytar.getPassword(SERVICE, 'probe');
      } catch (error) {
        problem = keychainProblem(error);
        return null;
      }
      return backendName();
    },
    problem: () => problem,
    async get(account) {
      return (await need()).getPassword(SERVICE, account);
    },
    async set(account, value) {
      await (await need()).setPassword(SERVICE, account, value);
    },
    async delete(account) {
      await (await need()).deletePassword(SERVICE, account);
    },
  };
}

/** What libsecret, or the service behind it, means by an error. Its words are not translated. */
export function keychainProblem(error: unknown): KeychainProblem {
  const text = error instanceof Error ? error.message : String(error);
  if (/locked collection|is locked|prompt dismissed/i.test(text)) return 'locked';
  if (/Cannot autolaunch D-Bus|Could not connect|DBUS_SESSION_BUS_ADDRESS/i.test(text)) return 'no-bus';
  if (/org\.freedesktop\.secrets was not provided|ServiceUnknown/i.test(text)) return 'no-service';
  if (/does not exist at path|No such (?:interface|object)/i.test(text)) return 'no-collection';
  if (/does not answer/.test(text)) return 'silent';
  return 'failed';
}

async function loadKeytar(): Promise<Keytar | KeychainProblem> {
  try {
    // Without a session bus libsecret would look for one through X11 and wait; there is no keyring to find anyway.
    if (process.platform === 'linux' && !hasSessionBus()) return 'no-bus';
    const module = (await import('keytar')) as { default?: Keytar } & Partial<Keytar>;
    return module.default ?? (module as Keytar);
  } catch {
    return 'not-installed';
  }
}

/** As GLib looks for it (D-Bus specification, "Well-known Message Bus Instances"). */
function hasSessionBus(): boolean {
  const runtime = process.env['XDG_RUNTIME_DIR'];
  return Boolean(process.env['DBUS_SESSION_BUS_ADDRESS']) || (runtime !== undefined && existsSync(`${runtime}/bus`));
}

async function backendName(): Promise<string> {
  if (process.platform === 'darwin') return 'macOS Keychain';
  if (process.platform === 'win32') return 'Windows Credential Manager';
  const program = await secretServiceProgram();
  return program === null ? 'Secret Service' : `${program} (Secret Service)`;
}

const KNOWN_PROGRAMS: Readonly<Record<string, string>> = {
  'gnome-keyring-daemon': 'gnome-keyring',
  kwalletd5: 'KWallet',
  kwalletd6: 'KWallet',
  ksecretd: 'KWallet',
  keepassxc: 'KeePassXC',
};

/** Which program answers for the Secret Service: the bus knows its process. Null where nobody can be asked. */
async function secretServiceProgram(): Promise<string | null> {
  const reply = await run('dbus-send', [
    '--session',
    '--print-reply',
    '--reply-timeout=2000',
    '--dest=org.freedesktop.DBus',
    '/org/freedesktop/DBus',
    'org.freedesktop.DBus.GetConnectionUnixProcessID',
    'string:org.freedesktop.secrets',
  ]);
  const pid = /uint32 (\d+)/.exec(reply)?.[1];
  if (pid === undefined) return null;
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '';
    const program = basename(command);
    return KNOWN_PROGRAMS[program] ?? (/^[\w.+-]{1,64}$/.test(program) ? program : null);
  } catch {
    return null;
  }
}

/** A program's output, or '' when it fails, is missing or takes too long. */
function run(program: string, args: string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 3000, encoding: 'utf8' }, (error, stdout) => {
      resolve(error === null ? stdout : '');
    });
  });
}
