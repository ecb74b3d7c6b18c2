import { getCiphers } from 'node:crypto';
import type { Algorithms, CipherAlgorithm, KexAlgorithm, MacAlgorithm, ServerHostKeyAlgorithm } from 'ssh2';

/**
 * What we offer in a key exchange (faults.md "SSH policy"): nothing with SHA-1, no CBC, no ssh-rsa signatures, AES-GCM
 * first because it is the fastest here. chacha20-poly1305 is used only under strict key exchange (see ssh.ts).
 */
const KEX: KexAlgorithm[] = [
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  'ecdh-sha2-nistp256',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp521',
  'diffie-hellman-group-exchange-sha256',
  'diffie-hellman-group16-sha512',
  'diffie-hellman-group18-sha512',
  'diffie-hellman-group14-sha256',
];

export const CHACHA20 = 'chacha20-poly1305@openssh.com';

/** With OpenSSL's names: Electron's crypto library lacks some, and ssh2 throws when offered one it cannot do. */
const CIPHERS: readonly (readonly [cipher: CipherAlgorithm, openssl: string])[] = [
  ['aes128-gcm@openssh.com', 'aes-128-gcm'],
  ['aes256-gcm@openssh.com', 'aes-256-gcm'],
  ['aes128-ctr', 'aes-128-ctr'],
  ['aes192-ctr', 'aes-192-ctr'],
  ['aes256-ctr', 'aes-256-ctr'],
  [CHACHA20, 'chacha20'],
];

const MACS: MacAlgorithm[] = [
  'hmac-sha2-256-etm@openssh.com',
  'hmac-sha2-512-etm@openssh.com',
  'hmac-sha2-256',
  'hmac-sha2-512',
];

/** Signature algorithms by the key type a known_hosts file names. */
const HOST_KEY_ALGORITHMS: readonly (readonly [type: string, algorithms: ServerHostKeyAlgorithm[]])[] = [
  ['ssh-ed25519', ['ssh-ed25519']],
  ['ecdsa-sha2-nistp256', ['ecdsa-sha2-nistp256']],
  ['ecdsa-sha2-nistp384', ['ecdsa-sha2-nistp384']],
  ['ecdsa-sha2-nistp521', ['ecdsa-sha2-nistp521']],
  ['ssh-rsa', ['rsa-sha2-512', 'rsa-sha2-256']],
];

/** Smallest RSA modulus accepted in a host key, in bits. */
export const MIN_RSA_BITS = 2048;

/** The offer, with the signature algorithms of `knownTypes` first so that a known key is what the server shows. */
export function offeredAlgorithms(knownTypes: readonly string[]): Algorithms {
  const rank = (type: string): number => (knownTypes.includes(type) ? 0 : 1);
  const serverHostKey = [...HOST_KEY_ALGORITHMS]
    .sort(([a], [b]) => rank(a) - rank(b))
    .flatMap(([, algorithms]) => algorithms);
  const available = getCiphers();
  const cipher = CIPHERS.filter(([, openssl]) => available.includes(openssl)).map(([name]) => name);
  return { kex: KEX, cipher, hmac: MACS, serverHostKey, compress: ['none'] };
}
