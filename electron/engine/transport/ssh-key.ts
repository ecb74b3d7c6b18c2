import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import ssh2, { type ParsedKey } from 'ssh2';
import { type DriftlineError, fail } from '../../../shared/errors.ts';
import { displayPath, type PathText, textToBytes } from '../../../shared/model/path.ts';

const MAX_KEY_FILE = 1 << 20;
const MAX_ATTEMPTS = 3;

/**
 * Reads a private key and asks for its passphrase, up to three times, if it is encrypted. Decrypting takes about a
 * quarter of a second of CPU and blocks: call it from a worker.
 *
 * @param path `~/` stands for the home folder
 * @param ask gives a passphrase, or null for none; `attempt` counts from 1
 * @throws `auth`: `key-unreadable`, `key-passphrase-wrong`
 */
export async function loadPrivateKey(
  path: PathText,
  ask: (attempt: number) => Promise<string | null>,
): Promise<ParsedKey> {
  const shown = displayPath(path);
  const details = { keyPath: path };
  const data = readKey(path, shown);
  let parsed = parseKeyData(data, undefined);
  for (let attempt = 1; isPassphraseError(parsed); attempt++) {
    const passphrase = attempt <= MAX_ATTEMPTS ? await ask(attempt) : null;
    if (passphrase === null)
      throw fail(
        'auth',
        'key-passphrase-wrong',
        attempt === 1 ? `The key ${shown} needs its passphrase.` : `The passphrase for the key ${shown} is wrong.`,
        { hint: 'Enter the passphrase of the key, or add the key to your key agent.', details },
      );
    parsed = parseKeyData(data, passphrase);
  }
  if (parsed instanceof Error || !parsed.isPrivateKey())
    throw fail('auth', 'key-unreadable', `${shown} is not a private key this program can use.`, {
      hint: 'Choose a private key in OpenSSH, PEM or PuTTY format (not the .pub file).',
      details,
      cause: parsed,
    });
  return parsed.type === 'ssh-rsa' ? withoutSha1(parsed) : parsed;
}

/** The public key blob that stands in `PATH.pub`, or in the file itself; null if there is none. */
export function publicKeyBeside(path: PathText): Buffer | null {
  for (const file of [`${path}.pub` as PathText, path]) {
    let data: Buffer;
    try {
      data = readKey(file, '');
    } catch {
      continue;
    }
    const parsed = parseKeyData(data, undefined);
    if (!(parsed instanceof Error)) return parsed.getPublicSSH();
  }
  return null;
}

function readKey(path: PathText, shown: string): Buffer {
  const text = path.startsWith('~/') ? `${homedir()}${path.slice(1)}` : path;
  const file = Buffer.from(textToBytes(text), 'latin1');
  try {
    const stat = statSync(file);
    if (!stat.isFile() || stat.size > MAX_KEY_FILE) throw new Error('not a key file');
    return readFileSync(file);
  } catch (error) {
    throw fail('auth', 'key-unreadable', `The key ${shown} cannot be read.`, {
      hint: 'Check that the file exists and that you may read it.',
      details: { keyPath: path },
      cause: error,
    });
  }
}

/** ssh2 returns most failures and throws some (bcrypt, OpenSSL). */
export function parseKeyData(data: Buffer, passphrase: string | undefined): ParsedKey | Error {
  try {
    const parsed = ssh2.utils.parseKey(data, passphrase);
    return Array.isArray(parsed) ? (parsed[0] ?? new Error('empty')) : parsed;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

export function isPassphraseError(parsed: ParsedKey | Error): boolean {
  return parsed instanceof Error && /passphrase|bad decrypt/i.test(parsed.message);
}

/**
 * ssh2 falls back to `ssh-rsa` (SHA-1) signatures for servers that name no others; our policy does not. ssh2 expects a
 * failed signature as a returned Error, which its types do not say.
 */
function withoutSha1(key: ParsedKey): ParsedKey {
  const sign = key.sign.bind(key);
  key.sign = (data, hash) =>
    hash === 'sha256' || hash === 'sha512' ? sign(data, hash) : (weakSignature() as unknown as Buffer);
  return key;
}

/** `auth`/`weak-signature`: the only signature the server takes for an RSA key uses SHA-1. */
export function weakSignature(): DriftlineError {
  return fail('auth', 'weak-signature', 'The server accepts RSA keys with SHA-1 signatures only.', {
    hint: 'Use an Ed25519 key for this server.',
  });
}
