import { protocol } from 'electron';
import { SECURITY_HEADERS, openRendererFiles } from '../service/renderer-files.ts';
import { APP_SCHEME, isOurs } from './origin.ts';

/** Must run before `app` is ready (Electron documentation, protocol). */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ]);
}

/**
 * Answers `app://driftline/…` with the files of the window and nothing else.
 *
 * @param folder absolute path of the built renderer
 */
export function serveAppScheme(folder: string): void {
  const files = openRendererFiles(folder);
  const plain = (status: number) => new Response(null, { status, headers: SECURITY_HEADERS });
  protocol.handle(APP_SCHEME, async (request) => {
    if (!isOurs(request.url)) return plain(404);
    if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405);
    const file = await files.read(new URL(request.url).pathname);
    if (file === null) return plain(404);
    return new Response(request.method === 'HEAD' ? null : file.body, {
      headers: { ...SECURITY_HEADERS, 'Content-Type': file.type },
    });
  });
}
