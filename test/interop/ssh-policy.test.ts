import { describe, expect, it } from 'vitest';
import { connectTo, errorOf, readAll, sshdFor } from '../support/ssh-client.ts';

const weak: [what: string, hostKeys: ('ed25519' | 'rsa')[], config: string[], message: string][] = [
  ['SHA-1 key exchange', ['ed25519'], ['KexAlgorithms diffie-hellman-group14-sha1'], 'no matching key exchange'],
  [
    'post-quantum key exchange only',
    ['ed25519'],
    ['KexAlgorithms sntrup761x25519-sha512@openssh.com'],
    'no matching key exchange',
  ],
  ['ssh-rsa signatures', ['rsa'], ['HostKeyAlgorithms ssh-rsa'], 'no matching host key format'],
  ['CBC ciphers', ['ed25519'], ['Ciphers aes256-cbc'], 'no matching C->S cipher'],
  ['HMAC-SHA1', ['ed25519'], ['Ciphers aes128-ctr', 'MACs hmac-sha1'], 'no matching C->S MAC'],
];

describe('what is refused', () => {
  it.each(weak)('%s', async (_what, hostKeys, config, message) => {
    const sshd = await sshdFor({ hostKeys, config, passwordUser: false });
    const error = await errorOf(connectTo(sshd));
    expect(error).toMatchObject({ kind: 'connect', code: 'handshake', exitCode: 255, retryable: false });
    expect(error.message).toContain(message);
  });
});

describe('what works', () => {
  it.each([
    ['AES-GCM', ['Ciphers aes256-gcm@openssh.com']],
    ['AES-CTR with SHA-2', ['Ciphers aes128-ctr', 'MACs hmac-sha2-256']],
    ['chacha20 under strict key exchange', ['Ciphers chacha20-poly1305@openssh.com']],
  ])('%s', async (_what, config) => {
    const sshd = await sshdFor({ config, passwordUser: false });
    const connection = await connectTo(sshd);
    const { out } = await readAll(await connection.exec('head -c 100000 /dev/zero'));
    expect(out.length).toBe(100_000);
    connection.close();
  });
});
