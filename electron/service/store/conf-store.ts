import Conf from 'conf';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, extname } from 'node:path';
import type { StoreFile } from '../ports.ts';

/** The one key conf sees: the text of the document, which `store.ts` reads and checks itself. */
export interface Carried extends Record<string, unknown> {
  text: string;
}

/**
 * Options that make `conf` (and `electron-store`, its subclass) a plain carrier of our file: it writes atomically with
 * fsync and mode 0600, and never parses. A damaged file is then our case to handle instead of an exception in the
 * constructor. conf's writer does not notice a short write; `store.ts` reads back what it wrote.
 *
 * Pass `configName` as `name` to electron-store.
 */
export function confOptions(path: string) {
  const extension = extname(path);
  return {
    cwd: dirname(path),
    configName: basename(path, extension),
    fileExtension: extension.slice(1),
    configFileMode: 0o600,
    accessPropertiesByDotNotation: false,
    clearInvalidConfig: false,
    serialize: (carried: Carried): string => carried.text,
    deserialize: (text: string): Carried => ({ text }),
  };
}

/** Wraps what `confOptions` made. `make` runs at the first write: conf's constructor reads the file, however large. */
export function confFile(path: string, make: () => { store: Carried }): StoreFile {
  let conf: { store: Carried } | null = null;
  return {
    path,
    read: () => (existsSync(path) ? readFileSync(path, 'utf8') : null),
    write(text) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      conf ??= make();
      conf.store = { text };
    },
  };
}

/** The store file of the command line and the browser shell. */
export function openConfFile(path: string): StoreFile {
  return confFile(path, () => new Conf<Carried>(confOptions(path)));
}
