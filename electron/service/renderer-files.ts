import { lstatSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

/**
 * What the page may do, in both shells: run our scripts and styles, show our images, talk to where it came from.
 * `svelte-trusted-html` is the Trusted Types policy that Svelte makes for its own constant templates.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types svelte-trusted-html',
].join('; ');

/** Sent with every answer that either shell gives the page. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), display-capture=(), usb=(), serial=(), hid=()',
  'Cache-Control': 'no-store',
});

/** A type that is not here is not part of the renderer and is not served. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

export interface RendererFile {
  /** Value for the Content-Type header. */
  type: string;
  body: Buffer<ArrayBuffer>;
}

export interface RendererFiles {
  /**
   * @param pathname the path of a URL, as the URL parser left it; `/` is index.html
   * @returns the file, or null when there is no such file. Rejects with the system's error when it cannot be read
   */
  read(pathname: string): Promise<RendererFile | null>;
}

/**
 * The built renderer, as an allow-list made once: a request can only name a file that was found below the folder, so
 * no spelling of a path leads outside it. Symbolic links are not followed.
 *
 * @param folder absolute path of dist/renderer
 * @throws the system's error when the folder cannot be listed
 */
export function openRendererFiles(folder: string): RendererFiles {
  const files = new Map<string, { path: string; type: string }>();
  const collect = (dir: string, prefix: string): void => {
    for (const name of readdirSync(dir)) {
      const path = join(dir, name);
      const stats = lstatSync(path);
      const type = MEDIA_TYPES[extname(name)];
      if (stats.isDirectory()) collect(path, `${prefix}${name}/`);
      else if (stats.isFile() && type !== undefined) files.set(prefix + name, { path, type });
    }
  };
  collect(folder, '/');
  return {
    async read(pathname) {
      const file = files.get(pathname === '/' ? '/index.html' : pathname);
      if (file === undefined) return null;
      const body: Buffer<ArrayBuffer> = await readFile(file.path);
      return { type: file.type, body };
    },
  };
}
