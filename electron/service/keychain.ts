import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
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
  let loading: Promise<Keytar | null> | null = null;
  const load = (): Promise<Keytar | null> => (loading ??= loadKeytar());
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
      } catch {
        return null;
      }
      return backendName();
    },
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

async function loadKeytar(): Promise<Keytar | null> {
  try {
    // Without a session bus libsecret would look for one through X11 and wait; there is no keyring to find anyway.
    if (process.platform === 'linux' && !hasSessionBus()) return null;
    const module = (await import('keytar')) as { default?: Keytar } & Partial<Keytar>;
    return module.default ?? (module as Keytar);
  } catch {
    return null;
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
