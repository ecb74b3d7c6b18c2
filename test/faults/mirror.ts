import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { build, dir, file, manifest, randomBytes, type Tree } from '../support/trees.ts';

const LATER = 981_200_000;

/** How often an experiment is repeated, times what the row says: 1 in a quick campaign, more by DRIFTLINE_FAULT_SCALE. */
export const SCALE = Number(process.env['DRIFTLINE_FAULT_SCALE'] ?? 1);
/** Decides the offsets and moments of faults: printed where it matters, another one makes another campaign. */
export const SEED = Number(process.env['DRIFTLINE_FAULT_SEED'] ?? 1);

/**
 * A source and a destination that is behind it, with new, changed, equal and surplus files; and the oracle outside the
 * process that judges what a run left: each file old or new, nothing else there.
 */
export class Mirror {
  readonly source: string;
  readonly destination: string;
  readonly oldTree: Map<string, string>;
  readonly newTree: Map<string, string>;
  readonly #old: string;

  /**
   * @param folder for source and old state
   * @param destination may lie elsewhere
   * @param big size of the one large file, of which the first half is the same before and after
   */
  constructor(folder: string, destination = join(folder, 'destination'), big = 8 * 1024 * 1024) {
    this.source = join(folder, 'source');
    this.#old = join(folder, 'old');
    this.destination = destination;
    fs.mkdirSync(folder, { recursive: true });
    const content = randomBytes(big, 1);
    const tree: Tree = { a: dir(smallFiles(1)), b: dir(smallFiles(2)), gone: dir(smallFiles(3)) };
    // A user's own, named as temporary files are (faults.md P3).
    tree['.big.bin.Ab3dEf'] = file('mine');
    (tree['a'] as ReturnType<typeof dir>).children['.0.bin.zzzzzz'] = file('mine, too');
    build(this.#old, dir({ ...tree, 'big.bin': file(content) }));
    delete tree['gone'];
    const { children } = tree['b'] as ReturnType<typeof dir>;
    for (let n = 0; n < 10; n++) {
      children[`${n}.bin`] = file({ size: 3000 + n * 1000, seed: 9000 + n }, { mtime: LATER });
      children[`new ${n}.bin`] = file({ size: 2000 + n * 500, seed: 9100 + n }, { mtime: LATER });
    }
    randomBytes(big / 2, 2).copy(content, big / 2);
    build(this.source, dir({ ...tree, 'big.bin': file(content, { mtime: LATER }) }));
    this.oldTree = manifest(this.#old);
    this.newTree = manifest(this.source);
    this.reset();
  }

  /**
   * Puts the old state back. Links, not copies: whoever replaces files leaves the other name of the old one alone, and
   * who writes in place is found out. The folder itself stays, as the guard of profiles wants it.
   */
  reset(): void {
    fs.mkdirSync(this.destination, { recursive: true });
    for (const name of fs.readdirSync(this.destination)) {
      fs.rmSync(join(this.destination, name), { recursive: true });
    }
    const sameDisk = fs.statSync(this.#old).dev === fs.statSync(this.destination).dev;
    execFileSync('cp', [sameDisk ? '-al' : '-a', `${this.#old}/.`, this.destination]);
  }

  /** Waits until no server works in the destination any more: it outlives its connection. */
  async quiet(): Promise<void> {
    while (fs.readdirSync('/proc').some((pid) => isNumber(pid) && worksIn(pid, this.destination))) await pause(5);
  }

  /** Files that are neither old nor new, and those both have that are gone. Empty when promises 1 and 2 hold. */
  torn(): string[] {
    const now = manifest(this.destination);
    const wrong: string[] = [];
    for (const [path, line] of now) {
      const known = [this.oldTree.get(path), this.newTree.get(path)];
      if (line.startsWith('100') && known.some(Boolean) && !known.includes(line)) wrong.push(`${path}: ${line}`);
    }
    for (const path of this.oldTree.keys()) {
      if (this.newTree.has(path) && !now.has(path)) wrong.push(`${path} is missing`);
    }
    return wrong;
  }

  /** What lies in the destination that neither tree has, children of such folders included. */
  litter(): string[] {
    return [...manifest(this.destination).keys()].filter((path) => !this.oldTree.has(path) && !this.newTree.has(path));
  }
}

function smallFiles(folder: number): Tree {
  const files: Tree = {};
  for (let n = 0; n < 20; n++) files[`${n}.bin`] = file({ size: (n * 1777) % 20_000, seed: folder * 100 + n });
  return files;
}

const isNumber = (name: string): boolean => /^\d+$/.test(name);

function worksIn(pid: string, folder: string): boolean {
  try {
    const cwd = fs.readlinkSync(`/proc/${pid}/cwd`);
    return cwd === folder || cwd.startsWith(`${folder}/`);
  } catch {
    return false; // ended meanwhile, or somebody else's
  }
}
