import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DriftlineError, fail } from '../../../shared/errors.ts';
import type { Clock, StoreFile } from '../ports.ts';
import { MAX_STORE_BYTES, SCHEMA_VERSION, decodeDocument, emptyDocument, encodeDocument } from './document.ts';
import type { Decoded, StoreDocument } from './document.ts';
import type { Migrations } from './migrations.ts';
import { sweepLockLitter, waitForLock } from './process-lock.ts';
import { writeWhole } from './whole-file.ts';

/** The saved hosts and profiles, shared by every process that uses the same home folder. */
export interface Store {
  readonly path: string;
  /**
   * The document as last seen. Treat it as frozen.
   * @throws DriftlineError `usage`/`store-newer` when a later version wrote the file, `fs`/`store-unreadable`
   */
  read(): Readonly<StoreDocument>;
  /**
   * Changes the document: lock, read again, `edit` a copy, check, write. What `edit` throws passes through and nothing
   * is written then.
   * @throws DriftlineError as `read`, and `fs`/`store-unwritable`, `fs`/`store-busy`
   */
  change<T>(edit: (document: StoreDocument) => T): Promise<T>;
  /** Called after the document changed, here or in another process. Returns the way to stop. */
  onChange(listener: (document: Readonly<StoreDocument>) => void): () => void;
  close(): void;
}

export interface StoreOptions {
  file: StoreFile;
  clock: Clock;
  /** Told in one sentence when a damaged file was replaced. */
  notice: (message: string) => void;
  migrations?: Migrations;
}

type Seen =
  | { kind: 'good'; document: StoreDocument }
  | { kind: 'newer'; version: number }
  | { kind: 'unreadable'; error: DriftlineError };

const DEBOUNCE_MS = 50;
const KEEP_BAD_FILES = 5;

/**
 * Opens the store. A damaged file is set aside as `….bad-TIME` and the last good copy (`….good`, written after each
 * change) takes its place; without one the store starts empty.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { file, clock } = options;
  const goodFile = `${file.path}.good`;
  const listeners = new Set<(document: Readonly<StoreDocument>) => void>();
  let seen: Seen = { kind: 'good', document: emptyDocument() };
  let seenText = '';
  let queue: Promise<unknown> = Promise.resolve();

  const decode = (text: string): Decoded => decodeDocument(text, options.migrations);

  /** Under the lock: what the file holds, repaired when it has to be. */
  function load(): Seen {
    try {
      const text = readBounded(file);
      const found = text === null ? null : text === 'too large' ? damaged('too large') : decode(text.content);
      if (found?.kind === 'good' && text !== null && text !== 'too large') seenText = text.content;
      if (found !== null && found.kind !== 'damaged') return found;
      return repair(found?.why ?? null);
    } catch (error) {
      return { kind: 'unreadable', error: storeError('store-unreadable', 'read', file.path, error) };
    }
  }

  function repair(why: string | null): Seen {
    const copy = readQuietly(goodFile);
    const good = copy === null ? null : decode(copy);
    if (why === null && good === null) return { kind: 'good', document: emptyDocument() };
    let aside = '';
    if (why !== null) {
      aside = `${file.path}.bad-${new Date(clock.now()).toISOString().replace(/[:.]/g, '-')}`;
      renameSync(file.path, aside);
      forgetOldBadFiles(file.path);
    }
    const document = good?.kind === 'good' ? good.document : emptyDocument();
    const text = encodeDocument(document);
    file.write(text);
    seenText = text;
    const what =
      why === null
        ? 'The file of saved hosts and profiles was missing'
        : `The file of saved hosts and profiles was damaged (${why})`;
    const then = good?.kind === 'good' ? 'the last good copy is used' : 'starting empty';
    options.notice(`${what}; ${then}.${aside ? ` The damaged file is kept as ${basename(aside)}.` : ''}`);
    return { kind: 'good', document };
  }

  async function locked<T>(work: () => T): Promise<T> {
    const turn = queue.then(async () => {
      let lock;
      try {
        mkdirSync(dirname(file.path), { recursive: true, mode: 0o700 });
        lock = await waitForLock(`${file.path}.lock`, clock);
      } catch (error) {
        if (error instanceof DriftlineError) throw error;
        throw storeError('store-unwritable', 'lock', file.path, error);
      }
      try {
        return work();
      } finally {
        lock.release();
      }
    });
    queue = turn.catch(() => undefined);
    return turn;
  }

  function announce(next: Seen): void {
    seen = next;
    if (next.kind === 'good') for (const listener of [...listeners]) listener(next.document);
  }

  function documentOf(state: Seen): StoreDocument {
    if (state.kind === 'good') return state.document;
    if (state.kind === 'unreadable') throw state.error;
    throw fail(
      'usage',
      'store-newer',
      `The saved hosts and profiles were written by a later version of Driftline (format ${state.version}, this one knows ${SCHEMA_VERSION}).`,
      { hint: 'Use that version, or set DRIFTLINE_HOME to another folder. Nothing was changed.' },
    );
  }

  /** Writes, proves that it was written, then renews the good copy. A short write brings the old text back. */
  function save(text: string): void {
    const before = file.read();
    try {
      file.write(text);
      if (file.read() !== text) throw new Error('the disk kept only a part of it');
    } catch (error) {
      if (before !== null && file.read() !== before) writeWhole(file.path, before);
      throw storeError('store-unwritable', 'save', file.path, error);
    }
    seenText = text;
    writeWhole(goodFile, text);
  }

  try {
    await locked(() => {
      sweepTemps(file.path);
      sweepLockLitter(dirname(file.path));
      seen = load();
      // A file that came from elsewhere (restored, copied) has no good copy of its own yet.
      if (seen.kind === 'good' && seenText !== '' && readQuietly(goodFile) !== seenText) writeWhole(goodFile, seenText);
    });
  } catch (error) {
    // A home that cannot be written is still worth reading; changes then fail with their own message.
    const failure = error instanceof DriftlineError ? error : storeError('store-unreadable', 'open', file.path, error);
    const found = readQuietly(file.path);
    const decoded = found === null ? null : decode(found);
    seen = decoded === null || decoded.kind === 'damaged' ? { kind: 'unreadable', error: failure } : decoded;
  }

  const watcher = watchFile(file.path, clock, () => {
    void locked(() => {
      const text = readBounded(file);
      if (text !== null && text !== 'too large' && text.content === seenText && seen.kind === 'good') return;
      announce(load());
    }).catch(() => undefined);
  });

  return {
    path: file.path,
    read: () => documentOf(seen),
    change<T>(edit: (document: StoreDocument) => T): Promise<T> {
      return locked(() => {
        const before = load();
        const copy = structuredClone(documentOf(before));
        const result = edit(copy);
        const text = encodeDocument(copy);
        const checked = decode(text);
        if (checked.kind !== 'good') {
          const why = checked.kind === 'damaged' ? checked.why : 'version';
          throw fail('internal', 'store-invalid', `The change does not fit the store (${why}).`);
        }
        if (text !== seenText) save(text);
        announce(checked);
        return result;
      });
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      watcher();
      listeners.clear();
    },
  };
}

const damaged = (why: string): { kind: 'damaged'; why: string } => ({ kind: 'damaged', why });

function storeError(code: string, verb: string, path: string, error: unknown): DriftlineError {
  const reason = error instanceof Error ? error.message : String(error);
  return fail('fs', code, `Cannot ${verb} the saved hosts and profiles: ${reason}`, {
    hint: `Check the folder ${dirname(path)} and the free space there.`,
    cause: error,
  });
}

function readBounded(file: StoreFile): { content: string } | 'too large' | null {
  const size = statSync(file.path, { throwIfNoEntry: false })?.size;
  if (size === undefined) return null;
  if (size > MAX_STORE_BYTES) return 'too large';
  const content = file.read();
  return content === null ? null : { content };
}

/** Null for a file that cannot be read, whatever the reason. */
function readQuietly(path: string): string | null {
  try {
    return statSync(path).size > MAX_STORE_BYTES ? null : readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** Temp files that a killed save left. Called under the lock, so none is in use. */
function sweepTemps(path: string): void {
  const folder = dirname(path);
  for (const name of readdirSync(folder)) {
    if (name.startsWith(`${basename(path)}.tmp-`) || name.startsWith(`${basename(path)}.good.tmp-`))
      rmSync(join(folder, name), { force: true });
  }
}

function forgetOldBadFiles(path: string): void {
  const folder = dirname(path);
  const bad = readdirSync(folder).filter((name) => name.startsWith(`${basename(path)}.bad-`));
  for (const name of bad.sort().slice(0, -KEEP_BAD_FILES)) rmSync(join(folder, name), { force: true });
}

/** Watches the folder, since a rename gives the file a new inode. Returns the way to stop. */
function watchFile(path: string, clock: Clock, changed: () => void): () => void {
  let cancel: (() => void) | null = null;
  try {
    const watcher = watch(dirname(path), { persistent: false }, (_event, name) => {
      if (name !== null && name !== basename(path)) return;
      cancel?.();
      cancel = clock.timer(DEBOUNCE_MS, changed);
    });
    // Without a watcher (no inotify watches left) every change still reads again first.
    watcher.on('error', () => watcher.close());
    return () => {
      cancel?.();
      watcher.close();
    };
  } catch {
    return () => undefined;
  }
}
