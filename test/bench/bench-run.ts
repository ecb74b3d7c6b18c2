import { mkdirSync, mkdtempSync, readFileSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { editFile, makeTree, noiseFile, type Tree } from './data.ts';
import { type Command, measure, type Measured, summarize } from './measure.ts';
import type { Limits, Outcome } from './outcome.ts';
import type { Rig } from './rig.ts';

export const GIB = 2 ** 30;
export const MIB = 2 ** 20;

export type Direction = 'push' | 'pull' | 'local';

/** The two path arguments; `HOST:` marks the one on the server. */
export function ends(direction: Direction, source: string, destination: string): string[] {
  if (direction === 'local') return [source, destination];
  return direction === 'push' ? [source, `HOST:${destination}`] : [`HOST:${source}`, destination];
}

/** What a row puts into the scratch folder at its fullest. */
export interface Needs {
  bytes: number;
  /** Files and folders; matters from some hundred thousand on. */
  entries?: number;
}

export interface Contest {
  label: string;
  limits: Limits;
  /** Puts everything back before each run; not timed. */
  prepare?(): Promise<void>;
  ours: Command;
  stock: Command;
  /** For orientation: run once, not judged. */
  others?: Record<string, Command>;
  /** Rejects unless the run did what it should; called after our last run and rsync's. */
  check?(): Promise<void>;
}

/** One execution of the benchmark: the rig, the data every row shares, and how to time programs against each other. */
export class BenchRun {
  readonly rig: Rig;
  readonly runs: number;
  /** Whether the long orientations run as well. */
  readonly all: boolean;
  /** Aborted when the benchmark is told to stop. */
  readonly signal: AbortSignal;
  readonly #progress: (text: string) => void;
  readonly #made = new Set<string>();

  constructor(options: {
    rig: Rig;
    runs: number;
    all: boolean;
    signal: AbortSignal;
    progress: (text: string) => void;
  }) {
    this.rig = options.rig;
    this.runs = options.runs;
    this.all = options.all;
    this.signal = options.signal;
    this.#progress = options.progress;
  }

  path(name: string): string {
    return join(this.rig.folder, name);
  }

  /** Says what goes on now. */
  say(text: string): void {
    this.#progress(text);
  }

  measure(command: Command): Promise<Measured> {
    return measure(command, this.signal);
  }

  async #tool(program: string, ...args: string[]): Promise<void> {
    await this.measure({ program, args });
  }

  async remove(path: string): Promise<void> {
    await this.#tool('rm', '-rf', path);
  }

  /** Empties a folder, making it if need be. */
  async empty(path: string): Promise<void> {
    await this.remove(path);
    mkdirSync(path);
  }

  /** Replaces `to` by a copy with times and modes. */
  async copy(from: string, to: string): Promise<void> {
    await this.remove(to);
    await this.#tool('cp', '-a', from, to);
  }

  /** @throws Error unless both trees hold the same names and bytes */
  async mustBeEqual(a: string, b: string): Promise<void> {
    await this.#tool('diff', '-rq', '--no-dereference', a, b);
  }

  /** Makes data once per execution. Returns its path. */
  async data(name: string, make: (path: string) => Promise<void>): Promise<string> {
    const path = this.path(name);
    if (!this.#made.has(name)) {
      this.say(`making ${name}`);
      await this.remove(path); // a failed row may have left half of it
      await make(path);
      this.#made.add(name);
    }
    return path;
  }

  /** Gives memory back before a row that needs much. */
  async forget(...names: string[]): Promise<void> {
    for (const name of names) {
      this.#made.delete(name);
      await this.remove(this.path(name));
    }
  }

  /** A folder with one file of noise. */
  oneFile(name: string, size: number): Promise<string> {
    return this.data(name, async (path) => {
      mkdirSync(path);
      await noiseFile(join(path, 'big.bin'), size, name, this.signal);
    });
  }

  /** A folder with one file of 1 GiB. */
  big(): Promise<string> {
    return this.oneFile('1-gib', GIB);
  }

  /** The same file with 1 % written over in 400 places. */
  async bigEdited(): Promise<string> {
    const original = await this.big();
    return this.data('1-gib-edited', async (path) => {
      await this.copy(original, path);
      editFile(join(path, 'big.bin'), GIB, 400, Math.floor(GIB / 100 / 400));
    });
  }

  tree(name: string, tree: Tree): Promise<string> {
    return this.data(name, (path) => makeTree(path, tree, this.signal));
  }

  /** An empty folder. */
  nothing(): Promise<string> {
    return this.data('empty', async (path) => void mkdirSync(path));
  }

  /** Folders of a hundred files of up to 4 KiB each. */
  small(files: number): Promise<string> {
    return this.tree(`${files}-small-files`, { files, perFolder: 100, maxSize: 4096 });
  }

  /** Folders of a thousand empty files each. */
  many(files: number): Promise<string> {
    return this.tree(`${files}-empty-files`, { files, perFolder: 1000, maxSize: 0 });
  }

  /** One folder of empty files. */
  flat(files: number): Promise<string> {
    return this.tree(`flat-${files}`, { files, perFolder: files, maxSize: 0 });
  }

  /** Makes room by dropping data of earlier rows. Returns why the row cannot run all the same, or null. */
  async makeRoom(needs: Needs): Promise<string | null> {
    if (lacks(this.rig.folder, needs) === null) return null;
    await this.forget(...this.#made);
    return lacks(this.rig.folder, needs);
  }

  /**
   * Lends a folder on the ordinary temporary file system, for what memory cannot hold.
   *
   * @param use gets why there is no room as `lacking`
   */
  async onDisk<T>(needs: Needs, use: (folder: string, lacking: string | null) => Promise<T>): Promise<T> {
    const folder = mkdtempSync(join(tmpdir(), 'driftline-bench-'));
    const release = this.rig.alsoRemove(folder);
    try {
      return await use(folder, lacks(folder, needs));
    } finally {
      await release();
    }
  }

  /** Times both programs in turns, so that a slow minute of the machine meets both. */
  async contest(contest: Contest): Promise<Outcome> {
    const { label, limits, prepare, ours, stock, others = {}, check } = contest;
    const measured: { ours: Measured[]; stock: Measured[] } = { ours: [], stock: [] };
    for (let i = 0; i < this.runs; i++) {
      for (const [name, command] of [
        ['ours', ours],
        ['stock', stock],
      ] as const) {
        this.say(`${label}: ${name === 'ours' ? 'driftline' : 'rsync'} ${i + 1}/${this.runs}`);
        await prepare?.();
        measured[name].push(await this.measure(command));
        if (i === this.runs - 1) await check?.();
      }
    }
    const series = [];
    const remarks = [];
    for (const [name, command] of Object.entries(others)) {
      this.say(`${label}: ${name}`);
      await prepare?.();
      try {
        series.push(summarize(name, [await this.measure(command)]));
      } catch (error) {
        this.signal.throwIfAborted();
        remarks.push(`${name} failed: ${error instanceof Error ? error.message.trim() : String(error)}`);
      }
    }
    return {
      kind: 'times',
      ...{ label, limits },
      ours: summarize('driftline', measured.ours),
      stock: summarize('rsync', measured.stock),
      ...{ others: series, remarks },
    };
  }
}

/** Why a row cannot run in this folder, or null. */
function lacks(folder: string, { bytes, entries = 0 }: Needs): string | null {
  const { bavail, bsize, ffree, files } = statfsSync(folder);
  const memory = Number(/^MemAvailable:\s*(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1] ?? 0) * 1024;
  const free = folder.startsWith('/dev/shm') ? Math.min(bavail * bsize, memory) : bavail * bsize;
  const missing = [];
  if (free < bytes) missing.push(`${(bytes / GIB).toFixed(1)} GiB (${(free / GIB).toFixed(1)} are free)`);
  // File systems without a fixed number say 0 of 0.
  if (files > 0 && ffree < entries) {
    const count = (value: number): string => value.toLocaleString('en-US');
    missing.push(`${count(entries)} files and folders (${count(ffree)} can be made)`);
  }
  return missing.length === 0 ? null : `not run: ${folder} has no room for ${missing.join(' and ')}; see --scratch`;
}
