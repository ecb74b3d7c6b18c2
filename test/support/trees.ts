import { execFileSync } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import fs from 'node:fs';

/**
 * Trees as data. A fixture reads like `ls -R`:
 *
 *   build('/tmp/x', dir({ 'a.txt': file('hello'), 'bad\xff': file({ size: 1e6, seed: 7 }), sub: dir({ up: link('..') }) }))
 *
 * Names are bytes, one character each; paths of the file system are never decoded.
 */
export type Node = FileNode | DirNode | LinkNode | SpecialNode;

export interface Attributes {
  mode?: number;
  /** Seconds since 1970; every entry gets one, so that two builds are equal. */
  mtime?: number;
  nsec?: number;
  uid?: number;
  gid?: number;
}
export interface FileNode extends Attributes {
  kind: 'file';
  content: Buffer;
}
export interface DirNode extends Attributes {
  kind: 'dir';
  children: Tree;
}
export interface LinkNode extends Attributes {
  kind: 'link';
  target: string;
}
export interface SpecialNode extends Attributes {
  kind: 'fifo' | 'char' | 'block';
  major: number;
  minor: number;
}
export type Tree = Record<string, Node>;

/** 2001-02-03 04:05:06 UTC. */
export const THEN = 981_173_106;

export const file = (content: string | Buffer | { size: number; seed: number }, more: Attributes = {}): FileNode => ({
  kind: 'file',
  content: Buffer.isBuffer(content)
    ? content
    : typeof content === 'string'
      ? Buffer.from(content, 'latin1')
      : randomBytes(content.size, content.seed),
  ...more,
});
export const dir = (children: Tree = {}, more: Attributes = {}): DirNode => ({ kind: 'dir', children, ...more });
export const link = (target: string, more: Attributes = {}): LinkNode => ({ kind: 'link', target, ...more });
export const fifo = (more: Attributes = {}): SpecialNode => ({ kind: 'fifo', major: 0, minor: 0, ...more });
export const device = (kind: 'char' | 'block', major: number, minor: number, more: Attributes = {}): SpecialNode => ({
  ...{ kind, major, minor },
  ...more,
});

/** Bytes that compress as badly as random ones and are the same for the same seed. */
export function randomBytes(size: number, seed: number): Buffer {
  const key = createHash('sha256').update(String(seed)).digest();
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return cipher.update(Buffer.alloc(size));
}

/** A copy with `edits` stretches of `length` random bytes written over it, evenly spread. */
export function edited(content: Buffer, edits: number, length: number, seed: number): Buffer {
  const copy = Buffer.from(content);
  const step = Math.floor(content.length / edits);
  for (let i = 0; i < edits; i++) randomBytes(length, seed + i).copy(copy, i * step + Math.floor(step / 3));
  return copy;
}

/** Makes the tree at `path`, which must not exist or be an empty folder. */
export function build(path: string, node: Node): void {
  const exact: [string, Attributes][] = [];
  make(Buffer.from(path).toString('latin1'), node, exact);
  // Node's utimes takes a double, which has no room for nanoseconds. Deepest first: `exact` is in post-order.
  for (const [name, { mtime = THEN, nsec = 0 }] of exact) {
    const stamp = `@${mtime}.${String(nsec).padStart(9, '0')}`;
    execFileSync('sh', ['-c', 'touch -h -d "$1" "$(printf "%b" "$2")"', 'sh', stamp, octal(name)]);
  }
}

const octal = (name: string): string =>
  name.replace(/[^A-Za-z0-9_./-]/g, (c) => `\\0${c.charCodeAt(0).toString(8).padStart(3, '0')}`);

function make(path: string, node: Node, exact: [string, Attributes][]): void {
  const bytes = Buffer.from(path, 'latin1');
  const { mtime = THEN } = node;
  switch (node.kind) {
    case 'file':
      fs.writeFileSync(bytes, node.content);
      break;
    case 'dir':
      if (!fs.existsSync(bytes)) fs.mkdirSync(bytes);
      for (const [name, child] of Object.entries(node.children)) make(`${path}/${name}`, child, exact);
      break;
    case 'link':
      fs.symlinkSync(Buffer.from(node.target, 'latin1'), bytes);
      break;
    default: {
      const numbers =
        node.kind === 'fifo' ? ['p'] : [node.kind === 'char' ? 'c' : 'b', `${node.major}`, `${node.minor}`];
      execFileSync('mknod', [bytes.toString(), ...numbers]);
    }
  }
  if (node.uid !== undefined || node.gid !== undefined) fs.lchownSync(bytes, node.uid ?? -1, node.gid ?? -1);
  if (node.kind !== 'link') fs.chmodSync(bytes, node.mode ?? (node.kind === 'dir' ? 0o755 : 0o644));
  // A negative number means "now" to Node.
  if (mtime >= 0) fs.lutimesSync(bytes, mtime, mtime);
  if (mtime < 0 || node.nsec !== undefined) exact.push([path, node]);
}

export interface ManifestOptions {
  /** Leaves times out: what a transfer without `-t` cannot make equal. */
  times?: boolean;
  /** Adds which names are one file: each one's first name. */
  hardLinks?: boolean;
  /** Times from then on, in milliseconds, read as `now`: those that the run itself made. */
  since?: number;
  /** Adds the blocks that files take up: what holes make of them. */
  blocks?: boolean;
  /** Adds extended attributes, ACLs among them. */
  attributes?: boolean;
  /** Adds access times of what is no folder or link, in seconds. */
  atimes?: boolean;
}

/**
 * Every entry below `path` (and `path` itself as `.`), one line each: type, mode, owner, size, exact time, and a hash
 * of the content, the target or the device number. Names are bytes.
 */
export function manifest(path: string, options: ManifestOptions = {}): Map<string, string> {
  const {
    times = true,
    hardLinks = false,
    since = Infinity,
    blocks = false,
    attributes = false,
    atimes = false,
  } = options;
  const found = new Map<string, string>();
  const firstNames = new Map<string, string>();
  const visit = (at: string, name: string): void => {
    const bytes = Buffer.from(at, 'latin1');
    const stat = fs.lstatSync(bytes, { bigint: true });
    const isDir = stat.isDirectory();
    const detail = stat.isFile()
      ? `${stat.size} ${blocks ? `(${stat.blocks} blocks) ` : ''}${createHash('md5').update(fs.readFileSync(bytes)).digest('hex')}`
      : stat.isSymbolicLink()
        ? `-> ${fs.readlinkSync(bytes, 'latin1')}`
        : isDir
          ? ''
          : String(stat.rdev);
    const isNow = Number(stat.mtimeMs) >= since && Number(stat.mtimeMs) <= Date.now();
    const time = times ? ` ${isNow ? 'now' : stat.mtimeNs}` : '';
    const used = atimes && !isDir && !stat.isSymbolicLink() ? stat.atimeMs / 1000n : null;
    const usedText = used === null ? '' : ` used ${Number(used) * 1000 >= since ? 'now' : used}`;
    const file = `${stat.dev}:${stat.ino}`;
    if (!firstNames.has(file)) firstNames.set(file, name);
    const linked = hardLinks && !isDir && firstNames.get(file) !== name ? ` = ${firstNames.get(file)}` : '';
    found.set(name, `${stat.mode.toString(8)} ${stat.uid}:${stat.gid}${time} ${detail}`.trimEnd() + linked + usedText);
    if (!isDir) return;
    for (const child of fs.readdirSync(bytes, { encoding: 'latin1' }).sort()) {
      visit(`${at}/${child}`, name === '.' ? child : `${name}/${child}`);
    }
  };
  if (!fs.existsSync(path)) return found;
  visit(Buffer.from(path).toString('latin1'), '.');
  if (attributes) for (const [name, lines] of attributesBelow(path)) found.set(name, `${found.get(name)}\n${lines}`);
  return found;
}

/** Names without the attributes that the system gives everything. */
function attributesBelow(path: string): [name: string, lines: string][] {
  const dump = execFileSync('getfattr', ['-R', '-P', '-h', '-d', '-m', '-', '-e', 'hex', '.'], {
    ...{ cwd: path, encoding: 'latin1', maxBuffer: 1 << 26 },
  });
  return dump.split('\n\n').flatMap((block) => {
    const [head, ...lines] = block.split('\n');
    return head?.startsWith('# file: ') === true ? [[head.slice(8).replace(/^\.\//, ''), lines.sort().join('\n')]] : [];
  });
}

/** What differs between two trees, as lines; empty when they are equal. */
export function differences(a: Map<string, string>, b: Map<string, string>): string[] {
  const lines: string[] = [];
  for (const name of new Set([...a.keys(), ...b.keys()])) {
    if (a.get(name) !== b.get(name)) lines.push(`${name}: ${a.get(name) ?? 'absent'} | ${b.get(name) ?? 'absent'}`);
  }
  return lines.sort();
}
