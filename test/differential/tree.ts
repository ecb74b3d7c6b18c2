import { createCipheriv, createHash } from 'node:crypto';
import fs from 'node:fs';

/**
 * Trees for the differential test: flat lists of entries, parents first, so that any of them can be left out when a
 * failing case is made smaller, and each can be written as a line of a shell script.
 */
export interface Entry {
  /** Bytes, relative to the root of the tree. */
  path: string;
  kind: 'dir' | 'file' | 'link' | 'fifo' | 'hard';
  mode: number;
  /** Seconds since 1970; a fraction is kept as far as a double can hold it. */
  mtime: number;
  uid: number;
  gid: number;
  /** file: its content, piece by piece. */
  pieces?: Piece[];
  /** link: its target; hard: the path of the first name. */
  target?: string;
  /** Extended attributes, values as text. */
  xattrs?: Record<string, string>;
  /** ACL in the words of setfacl, e.g. `u:1:rw`. */
  acl?: string;
}

/** What a file is made of: random bytes that are the same for the same seed, zeros, or text. */
export type Piece = { random: number; seed: number } | { zeros: number } | { text: string };

export function pieceSize(piece: Piece): number {
  return 'random' in piece ? piece.random : 'zeros' in piece ? piece.zeros : piece.text.length;
}

const keyOf = (seed: number): Buffer => createHash('sha256').update(String(seed)).digest();

function pieceBytes(piece: Piece): Buffer {
  if ('zeros' in piece) return Buffer.alloc(piece.zeros);
  if ('text' in piece) return Buffer.from(piece.text, 'latin1');
  const cipher = createCipheriv('aes-256-ctr', keyOf(piece.seed), Buffer.alloc(16));
  return cipher.update(Buffer.alloc(piece.random));
}

const bytes = (path: string): Buffer => Buffer.from(path, 'latin1');

/** The root's own time: whether a run touches it within the second it was made in must not matter. */
const ROOT_TIME = 981_000_000;

/** Makes the tree at `root`, an absolute path that does not exist. @param shell runs the commands that Node lacks */
export function buildTree(root: string, entries: readonly Entry[], shell: (script: string) => void): void {
  fs.mkdirSync(root);
  const more: string[] = [];
  for (const entry of entries) {
    const at = bytes(`${root}/${entry.path}`);
    switch (entry.kind) {
      case 'dir':
        fs.mkdirSync(at);
        break;
      case 'file': {
        const fd = fs.openSync(at, 'wx');
        for (const piece of entry.pieces ?? []) fs.writeSync(fd, pieceBytes(piece));
        fs.closeSync(fd);
        break;
      }
      case 'link':
        fs.symlinkSync(bytes(entry.target!), at);
        break;
      case 'hard':
        fs.linkSync(bytes(`${root}/${entry.target!}`), at);
        break;
      default:
        more.push(`mkfifo ${quote(`${root}/${entry.path}`)}`);
    }
  }
  if (more.length > 0) shell(more.join('\n'));
  const special = entries.flatMap((entry) => attributeLines(root, entry));
  if (special.length > 0) shell(special.join('\n'));
  for (const entry of [...entries].reverse()) {
    if (entry.kind === 'hard') continue;
    const at = bytes(`${root}/${entry.path}`);
    if (entry.uid !== 0 || entry.gid !== 0) fs.lchownSync(at, entry.uid, entry.gid);
    if (entry.kind !== 'link' && entry.acl === undefined) fs.chmodSync(at, entry.mode);
    fs.lutimesSync(at, entry.mtime, entry.mtime);
  }
  fs.utimesSync(root, ROOT_TIME, ROOT_TIME);
}

function attributeLines(root: string, entry: Entry): string[] {
  const at = quote(`${root}/${entry.path}`);
  const lines = Object.entries(entry.xattrs ?? {}).map(
    ([name, value]) => `setfattr -h -n ${name} -v ${quote(value)} ${at}`,
  );
  if (entry.acl !== undefined) lines.push(`chmod ${entry.mode.toString(8)} ${at}; setfacl -m ${entry.acl} ${at}`);
  return lines;
}

/** A word for bash, whatever bytes it has. */
export function quote(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  if (/^[\x20-\x7e]*$/.test(word)) return `'${word.replaceAll("'", "'\\''")}'`;
  return `$'${word.replace(/[^ -~]|['\\]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)}'`;
}

/** The commands that make the tree, for people who want to see a failure with their own hands. */
export function treeScript(root: string, entries: readonly Entry[]): string[] {
  const lines = [`mkdir ${root}`];
  for (const entry of entries) {
    const at = quote(`${root}/${entry.path}`);
    if (entry.kind === 'dir') lines.push(`mkdir ${at}`);
    else if (entry.kind === 'link') lines.push(`ln -s ${quote(entry.target!)} ${at}`);
    else if (entry.kind === 'hard') lines.push(`ln ${quote(`${root}/${entry.target!}`)} ${at}`);
    else if (entry.kind === 'fifo') lines.push(`mkfifo ${at}`);
    else lines.push(`{ ${(entry.pieces ?? []).map(pieceCommand).join(' ')} :; } > ${at}`);
  }
  lines.push(...entries.flatMap((entry) => attributeLines(root, entry)));
  for (const entry of [...entries].reverse()) {
    if (entry.kind === 'hard') continue;
    const at = quote(`${root}/${entry.path}`);
    if (entry.uid !== 0 || entry.gid !== 0) lines.push(`chown -h ${entry.uid}:${entry.gid} ${at}`);
    if (entry.kind !== 'link' && entry.acl === undefined) lines.push(`chmod ${entry.mode.toString(8)} ${at}`);
    lines.push(`touch -h -d @${entry.mtime} ${at}`);
  }
  lines.push(`touch -d @${ROOT_TIME} ${root}`);
  return lines;
}

function pieceCommand(piece: Piece): string {
  if ('text' in piece) return `printf %s ${quote(piece.text)};`;
  if ('zeros' in piece) return `head -c ${piece.zeros} /dev/zero;`;
  const key = keyOf(piece.seed).toString('hex');
  return `head -c ${piece.random} /dev/zero | openssl enc -aes-256-ctr -K ${key} -iv ${'0'.repeat(32)};`;
}

/** A tree without one entry, and without what needs it. */
export function without(entries: readonly Entry[], gone: Entry): Entry[] {
  return entries.filter(
    (entry) =>
      entry !== gone &&
      !entry.path.startsWith(`${gone.path}/`) &&
      !(entry.kind === 'hard' && (entry.target === gone.path || entry.target!.startsWith(`${gone.path}/`))),
  );
}

/**
 * What stands at `root`, a line for each path. Times of this run count as "now": what no option keeps is not compared.
 * @param since milliseconds since 1970
 */
export function look(
  root: string,
  since: number,
  attributes: (root: string) => Map<string, string>,
): Map<string, string> {
  const seen = new Map<string, string>();
  const groups = new Map<string, string[]>();
  const more = attributes(root);
  const visit = (name: string): void => {
    const at = bytes(name === '.' ? root : `${root}/${name}`);
    const stat = fs.lstatSync(at, { bigint: true });
    const time = stat.mtimeNs >= BigInt(since) * 1_000_000n ? 'now' : String(stat.mtimeNs);
    let detail = '';
    if (stat.isFile()) {
      detail = `${stat.size} ${createHash('md5').update(fs.readFileSync(at)).digest('hex')}`;
    } else if (stat.isSymbolicLink()) detail = `-> ${fs.readlinkSync(at, 'latin1')}`;
    else if (!stat.isDirectory()) detail = `rdev ${stat.rdev}`;
    if (!stat.isDirectory() && stat.nlink > 1n) {
      const key = `${stat.dev} ${stat.ino}`;
      groups.set(key, [...(groups.get(key) ?? []), name]);
    }
    const special = more.get(name) ?? '';
    seen.set(name, `${stat.mode.toString(8)} ${stat.uid}:${stat.gid} ${time} ${detail} ${special}`.trimEnd());
    if (!stat.isDirectory()) return;
    for (const child of fs.readdirSync(at, { encoding: 'latin1' }).sort()) {
      visit(name === '.' ? child : `${name}/${child}`);
    }
  };
  if (fs.existsSync(root)) visit('.');
  for (const names of groups.values()) {
    for (const name of names) seen.set(name, `${seen.get(name)!} linked with ${names.join(' = ')}`);
  }
  return seen;
}

/** What differs between two trees, as lines; empty when they are equal. */
export function treeDifferences(expected: Map<string, string>, found: Map<string, string>): string[] {
  const lines: string[] = [];
  for (const name of new Set([...expected.keys(), ...found.keys()])) {
    if (expected.get(name) === found.get(name)) continue;
    lines.push(
      `${name}\n    rsync:     ${expected.get(name) ?? 'absent'}\n    Driftline: ${found.get(name) ?? 'absent'}`,
    );
  }
  return lines.sort();
}
