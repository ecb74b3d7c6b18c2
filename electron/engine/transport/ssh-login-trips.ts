import type { ParsedKey } from 'ssh2';

type SendSignature = (data: Buffer, send: (signature: Buffer) => void) => void;

/** The parts of ssh2 1.17's protocol that its types leave out (lib/protocol/Protocol.js); the version is pinned. */
export interface LoginProtocol {
  service(name: string): void;
  /** Without `sign` it only asks whether the key would do. */
  authPK(user: string, key: ParsedKey, algorithm: string | undefined, sign?: SendSignature): void;
  _handlers: { SERVICE_ACCEPT: (protocol: LoginProtocol, name: string) => void };
}

/** By signature algorithm, what an RSA key hashes with; other keys have one way to sign. */
const RSA_HASHES = new Map<string | undefined, string>([
  ['rsa-sha2-256', 'sha256'],
  ['rsa-sha2-512', 'sha512'],
]);

/**
 * Leaves out two round trips of ssh2's login that the protocol does not ask for. Nothing is sent earlier than before:
 * the key exchange is complete, and the server's key accepted.
 *
 * - The first attempt goes out together with the request for the login service. Only after a key exchange that did not
 *   prove who the server is must a client wait for the answer (RFC 4253 §10). A server without that service hangs up.
 * - A key at hand is not asked about before it signs: to a server the question and the signature are one attempt each.
 *   Keys of an agent are asked about, since signing may ask the person, and so is RSA where only SHA-1 would do.
 */
export function saveLoginTrips(protocol: LoginProtocol): void {
  const { _handlers: handlers } = protocol;
  const { SERVICE_ACCEPT: begin } = handlers;
  const request = protocol.service.bind(protocol);
  protocol.service = (name) => {
    handlers.SERVICE_ACCEPT = () => {};
    request(name);
    begin(protocol, name);
  };
  const attempt = protocol.authPK.bind(protocol);
  protocol.authPK = (user, key, algorithm, sign) => {
    const hash = RSA_HASHES.get(algorithm);
    const signsAtOnce = key.isPrivateKey() && (key.type !== 'ssh-rsa' || hash !== undefined);
    if (sign !== undefined || !signsAtOnce) return attempt(user, key, algorithm, sign);
    attempt(user, key, algorithm, (data, send) => {
      const signature: unknown = key.sign(data, hash);
      // The answer to the question leads ssh2 to the same error, which it knows how to go on from.
      if (signature instanceof Error) attempt(user, key, algorithm);
      else send(signature as Buffer);
    });
  };
}
