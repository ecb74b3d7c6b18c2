import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Why a request is refused, as an HTTP status; null lets it through. */
export type Refusal = 401 | 403 | null;

/**
 * Who may talk to the loopback shell. A program of another user or a page of another origin can reach the port, so
 * every request has to prove both that it was meant for us (Host, Origin: no DNS rebinding, no cross-site socket)
 * and that it comes from the person who started us (the token, or the cookie it was exchanged for).
 */
export interface Access {
  /** 256 random bits, hexadecimal; goes into the URL that is printed. */
  readonly token: string;
  /** `Set-Cookie` value that the right token is exchanged for. */
  readonly cookie: string;
  /** Host alone. */
  checkHost(request: IncomingMessage): Refusal;
  /** Origin, where a browser always sends one: WebSocket upgrades and everything but GET and HEAD. */
  checkOrigin(request: IncomingMessage): Refusal;
  /** The session cookie. */
  checkSession(request: IncomingMessage): Refusal;
  isToken(text: string): boolean;
}

/** Cookies do not know ports: two shells on one machine need two names. */
const cookieName = (port: number) => `driftline-${port}`;

/** @param port the port that is listened on */
export function createAccess(port: number): Access {
  const token = randomBytes(32).toString('hex');
  const session = randomBytes(32).toString('hex');
  const hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`]);
  return {
    token,
    cookie: `${cookieName(port)}=${session}; HttpOnly; SameSite=Strict; Path=/`,
    checkHost: ({ headers }) => (headers.host !== undefined && hosts.has(headers.host) ? null : 403),
    checkOrigin: ({ headers }) => (headers.origin === `http://${headers.host ?? ''}` ? null : 403),
    checkSession: ({ headers }) => (sameText(readCookie(headers.cookie, cookieName(port)), session) ? null : 401),
    isToken: (text) => sameText(text, token),
  };
}

function readCookie(header: string | undefined, name: string): string {
  for (const part of (header ?? '').split(';')) {
    const [key, value] = part.split('=', 2);
    if (key?.trim() === name) return value?.trim() ?? '';
  }
  return '';
}

/** Takes as long for a near miss as for anything else; hashing makes the lengths equal. */
function sameText(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
