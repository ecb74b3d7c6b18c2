import fs from 'node:fs';
import { posix } from 'node:path';
import { type DriftlineError, fail } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';
import { canHold } from './dir-handles.ts';
import { native } from './native-path.ts';

/** How a path that the user named is followed. */
export interface Trust {
  /** `--insecure-links`: links count whoever made them. */
  readonly insecureLinks: boolean;
  /** `--confine-root`: the folder, an absolute path without links, that they must not lead out of. */
  readonly confineRoot?: ByteString | null;
}

const { O_NOFOLLOW, O_DIRECTORY } = fs.constants;
// Linux: a descriptor that only names what is there.
const O_PATH = 0x200000;
/**
 * A folder that this process was given open, as rrsync gives its folders. The link that such a path ends with leads to
 * where it lies, and that is looked at.
 */
const PINNED = /^\/proc\/(self|\d+)\/fd\/\d+(\/|$)/;
/** Links followed on one path, as in the kernel. */
const MAX_LINKS = 40;

/**
 * Opens a path that the user named: the destination, what options name, rule files. A link on the way or at its end is
 * followed only if it belongs to root or to this process's user, as in rsync 3.5: whoever can write in a folder on the
 * way could otherwise lead a privileged run elsewhere. Each folder is held while the next one is looked at. Where there
 * is no /proc the system follows links as ever.
 * @param flags for `open`; `O_CREAT` makes the last component
 * @returns a file descriptor
 * @throws fs `foreign-link`, `outside-root`, or the system's own error
 */
export function openNamed(path: ByteString, flags: number, trust: Trust, mode?: number): number {
  const { insecureLinks, confineRoot = null } = trust;
  if (insecureLinks || path === '' || !canHold()) return fs.openSync(native(path), flags, mode);
  const rest = partsOf(path);
  let confined = confineRoot !== null && !PINNED.test(path);
  let at = start(path);
  try {
    for (let links = 0; ;) {
      const name = rest.shift() ?? '.';
      const here = `/proc/self/fd/${at}/${name}`;
      const target = linkTarget(here, path);
      if (target === null) {
        const isLast = rest.length === 0;
        if (confined) checkInside(confineRoot!, at, name, isLast, path);
        const fd = fs.openSync(native(here), (isLast ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW, mode);
        if (isLast) return fd;
        fs.closeSync(at);
        at = fd;
        continue;
      }
      if (++links > MAX_LINKS) throw Object.assign(new Error('too many symbolic links'), { code: 'ELOOP' });
      rest.unshift(...partsOf(target));
      if (!target.startsWith('/')) continue;
      fs.closeSync(at);
      at = start(target);
      confined = confineRoot !== null;
    }
  } finally {
    fs.closeSync(at);
  }
}

/** Calls `use` with a path to what the user named that no longer depends on any link. @throws as {@link openNamed} */
export function atNamed<T>(path: ByteString, trust: Trust, use: (path: ByteString) => T): T {
  if (trust.insecureLinks || path === '' || !canHold()) return use(path);
  const fd = openNamed(path, O_PATH, trust);
  try {
    return use(`/proc/self/fd/${fd}`);
  } finally {
    fs.closeSync(fd);
  }
}

/** The content of a file that the user named; `-` is standard input. @throws as {@link openNamed} */
export function readNamed(path: ByteString, trust: Trust): Buffer {
  if (path === '-') return fs.readFileSync(0);
  const fd = openNamed(path, fs.constants.O_RDONLY, trust);
  try {
    return fs.readFileSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Whether something the user named was not opened because of where it leads. */
export function isRefusedPath(error: unknown): error is DriftlineError {
  if (!(error instanceof Error && 'data' in error)) return false;
  return ['foreign-link', 'outside-root'].includes((error as DriftlineError).data.code);
}

const start = (path: ByteString): number => fs.openSync(path.startsWith('/') ? '/' : '.', O_PATH | O_DIRECTORY);

/** Components; what ends in a slash is a folder. */
function partsOf(path: ByteString): ByteString[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return path.endsWith('/') || parts.length === 0 ? [...parts, '.'] : parts;
}

/** Where a link leads, or null for what is none (or not there, which opening it tells). */
function linkTarget(here: ByteString, path: ByteString): ByteString | null {
  const before = fs.lstatSync(native(here), { bigint: true, throwIfNoEntry: false });
  if (!before?.isSymbolicLink()) return null;
  const own = process.geteuid?.() ?? 0;
  if (before.uid !== 0n && before.uid !== BigInt(own)) throw foreignLink(path);
  const target = fs.readlinkSync(native(here), 'latin1');
  // What was read is that link's only if it stands there still.
  const after = fs.lstatSync(native(here), { bigint: true, throwIfNoEntry: false });
  if (after?.ino !== before.ino || after.ctimeNs !== before.ctimeNs) throw foreignLink(path);
  return target;
}

/** @param isLast otherwise the way to the root is open as well */
function checkInside(root: ByteString, at: number, name: ByteString, isLast: boolean, path: ByteString): void {
  const folder = fs.readlinkSync(`/proc/self/fd/${at}`, 'latin1');
  const place = posix.join(folder, name);
  if (lies(place, root) || (!isLast && lies(root, place))) return;
  const text = bytesToText(path);
  const message = `"${displayPath(text)}" leads out of ${displayPath(bytesToText(root))} (--confine-root).`;
  throw fail('fs', 'outside-root', message, { path: text, details: { errno: 'ELOOP' } });
}

const lies = (path: ByteString, root: ByteString): boolean =>
  path === root || root === '/' || path.startsWith(`${root}/`);

function foreignLink(path: ByteString): DriftlineError {
  const text = bytesToText(path);
  return fail(
    'fs',
    'foreign-link',
    `A link in "${displayPath(text)}" belongs to another user, so it is not followed.`,
    {
      path: text,
      details: { errno: 'ELOOP' },
      hint: 'Name what it leads to instead. Use --insecure-links only where every folder on the way can be trusted.',
    },
  );
}
