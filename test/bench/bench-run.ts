import { mkdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { copy, editFile, noiseFile, smallFiles } from './data.ts';
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

export interface Contest {
  label: string;
  limits: Limits;
  /** Puts everything back before each run; not timed. */
  prepare(): void;
  ours: Command;
  stock: Command;
  /** For orientation: run once, not judged. */
  others?: Record<string, Command>;
  /** Throws unless the run did what it should; called after our last run and rsync's. */
  check(): void;
}

/** One execution of the benchmark: the rig, the data every row shares, and how to time programs against each other. */
export class BenchRun {
  readonly rig: Rig;
  readonly runs: number;
  /** Whether the long rows and orientations run as well. */
  readonly all: boolean;
  readonly #progress: (text: string) => void;
  readonly #made = new Set<string>();

  constructor(options: { rig: Rig; runs: number; all: boolean; progress: (text: string) => void }) {
    this.rig = options.rig;
    this.runs = options.runs;
    this.all = options.all;
    this.#progress = options.progress;
  }

  path(name: string): string {
    return join(this.rig.folder, name);
  }

  /** Says what goes on now. */
  say(text: string): void {
    this.#progress(text);
  }

  /** Makes data once per execution. Returns its path. */
  data(name: string, make: (path: string) => void): string {
    const path = this.path(name);
    if (!this.#made.has(name)) {
      this.say(`making ${name}`);
      make(path);
      this.#made.add(name);
    }
    return path;
  }

  /** Gives memory back before a row that needs much. */
  forget(...names: string[]): void {
    for (const name of names) {
      rmSync(this.path(name), { recursive: true, force: true });
      this.#made.delete(name);
    }
  }

  /** A folder with one file of 1 GiB. */
  big(): string {
    return this.data('1-gib', (path) => {
      mkdirSync(path);
      noiseFile(join(path, 'big.bin'), GIB, 'big');
    });
  }

  /** The same file with 1 % written over in 400 places. */
  bigEdited(): string {
    const original = this.big();
    return this.data('1-gib-edited', (path) => {
      copy(original, path);
      editFile(join(path, 'big.bin'), GIB, 400, Math.floor(GIB / 100 / 400));
    });
  }

  /** Folders of a hundred files of up to 4 KiB each, or of up to a thousand empty ones. */
  small(files: number, content: 'small' | 'empty' = 'small'): string {
    const [perFolder, maxSize] = content === 'small' ? [100, 4096] : [1000, 0];
    return this.data(`${files}-${content}-files`, (path) => smallFiles(path, files, perFolder, maxSize));
  }

  /** One folder of empty files. */
  flat(files: number): string {
    return this.data(`flat-${files}`, (path) => smallFiles(path, files, files, 0));
  }

  /** Why a row that needs this many bytes of scratch space cannot run, or null. */
  lacksSpace(bytes: number): string | null {
    const { bavail, bsize } = statfsSync(this.rig.folder);
    const memory = Number(/^MemAvailable:\s*(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1] ?? 0) * 1024;
    const free = this.rig.folder.startsWith('/dev/shm') ? Math.min(bavail * bsize, memory) : bavail * bsize;
    return free >= bytes ? null : `not run: needs ${(bytes / GIB).toFixed(0)} GiB free in ${this.rig.folder}`;
  }

  /** Times both programs in turns, so that a slow minute of the machine meets both. */
  async contest({ label, limits, prepare, ours, stock, others = {}, check }: Contest): Promise<Outcome> {
    const measured: { ours: Measured[]; stock: Measured[] } = { ours: [], stock: [] };
    for (let i = 0; i < this.runs; i++) {
      for (const [name, command] of [
        ['ours', ours],
        ['stock', stock],
      ] as const) {
        this.say(`${label}: ${name === 'ours' ? 'driftline' : 'rsync'} ${i + 1}/${this.runs}`);
        prepare();
        measured[name].push(await measure(command));
        if (i === this.runs - 1) check();
      }
    }
    const series = [];
    for (const [name, command] of Object.entries(others)) {
      this.say(`${label}: ${name}`);
      prepare();
      series.push(summarize(name, [await measure(command)]));
    }
    return {
      kind: 'times',
      ...{ label, limits },
      ours: summarize('driftline', measured.ours),
      stock: summarize('rsync', measured.stock),
      others: series,
    };
  }
}
