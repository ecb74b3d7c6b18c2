import { readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { bytesToText, displayPath } from '../../../shared/model/path.ts';
import type { FoundKey } from '../../../shared/model/host.ts';
import { keyType, rsaBits } from './known-hosts.ts';
import { isPassphraseError, parseKeyData } from './ssh-key.ts';

/** Private keys are small; anything larger in that folder is something else. */
const MAX_KEY = 64 << 10;
const MAX_KEYS = 200;
const PRIVATE =
  /^-----BEGIN (?:[A-Z0-9]+ )?PRIVATE KEY-----|^-----BEGIN OPENSSH PRIVATE KEY-----|^PuTTY-User-Key-File-/;

/**
 * The private keys in a folder, by name. What is told of an encrypted key comes from the `.pub` file beside it. Keys this
 * program cannot use (on security tokens, DSA) are left out.
 *
 * @param folder default `~/.ssh`; a folder that cannot be read holds none
 */
export function findKeys(folder = join(homedir(), '.ssh')): FoundKey[] {
  let names: Buffer[];
  try {
    names = readdirSync(folder, { encoding: 'buffer' });
  } catch {
    return [];
  }
  const found: FoundKey[] = [];
  for (const name of names.sort((a, b) => a.compare(b))) {
    const file = Buffer.concat([Buffer.from(`${folder}/`), name]);
    const key = found.length < MAX_KEYS ? describeKey(file) : null;
    if (key !== null) found.push({ path: bytesToText(`~/.ssh/${name.toString('latin1')}`), ...key });
  }
  return found;
}

function describeKey(file: Buffer): Omit<FoundKey, 'path'> | null {
  const data = readSmall(file);
  if (data === null || !PRIVATE.test(data.toString('latin1', 0, 100))) return null;
  const parsed = parseKeyData(data, undefined);
  if (parsed instanceof Error) {
    if (!isPassphraseError(parsed)) return null;
    const publicFile = readSmall(Buffer.concat([file, Buffer.from('.pub')]));
    return { ...publicFacts(publicFile), encrypted: true };
  }
  if (!parsed.isPrivateKey() || parsed.type === 'ssh-dss') return null;
  return { ...facts(parsed.getPublicSSH(), parsed.comment), encrypted: false };
}

/** `type base64 comment`, sshd(8) "AUTHORIZED_KEYS FILE FORMAT". */
function publicFacts(data: Buffer | null): Pick<FoundKey, 'type' | 'bits' | 'comment'> {
  const [, blob = '', ...comment] = (data?.toString('utf8') ?? '')
    .split('\n', 1)[0]!
    .trim()
    .split(/[ \t]+/);
  return facts(Buffer.from(blob, 'base64'), comment.join(' '));
}

function facts(blob: Buffer, comment: string | undefined): Pick<FoundKey, 'type' | 'bits' | 'comment'> {
  const type = keyType(blob);
  return {
    type: displayPath(type),
    bits: type === 'ssh-rsa' ? rsaBits(blob) : null,
    comment: displayPath(comment ?? '').slice(0, 200),
  };
}

function readSmall(file: Buffer): Buffer | null {
  try {
    const stat = statSync(file);
    return stat.isFile() && stat.size <= MAX_KEY ? readFileSync(file) : null;
  } catch {
    return null;
  }
}
