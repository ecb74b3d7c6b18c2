/**
 * Custom schemes. Chromium without Electron does not know `app://`, so its URLs stand for `http://…localhost` ones:
 * an origin of its own, a secure context, answered by the application's own handler and never by a socket.
 */
const handlers = new Map<string, (request: Request) => Response | Promise<Response>>();

/** app://driftline/x → http://driftline.app.localhost/x */
export function toPageUrl(url: string): string {
  const { protocol, host, pathname, search, hash } = new URL(url);
  const scheme = protocol.slice(0, -1);
  return handlers.has(scheme) ? `http://${host}.${scheme}.localhost${pathname}${search}${hash}` : url;
}

/** The reverse of `toPageUrl`. */
export function fromPageUrl(url: string): string {
  const match = /^http:\/\/([^/:]+)\.([^./:]+)\.localhost(\/.*)?$/.exec(url);
  return match !== null && handlers.has(match[2]!) ? `${match[2]}://${match[1]}${match[3] ?? '/'}` : url;
}

/** Electron's origin of a URL: custom schemes registered as standard have one too. */
export function originOf(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

/** @returns the answer of the application's handler, or null when the URL is none of its schemes */
export async function answer(request: Request, url: string): Promise<Response | null> {
  const handler = handlers.get(new URL(url).protocol.slice(0, -1));
  return handler === undefined ? null : handler(request);
}

export const protocol = {
  registerSchemesAsPrivileged: (): void => undefined,
  handle(scheme: string, handler: (request: Request) => Response | Promise<Response>): void {
    handlers.set(scheme, handler);
  },
  unhandle: (scheme: string): void => void handlers.delete(scheme),
  isProtocolHandled: (scheme: string): boolean => handlers.has(scheme),
};
