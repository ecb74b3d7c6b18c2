import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { build } from 'vite';
import { openJournal, parseJournal } from './journal.ts';
import { isAlive, ownIdentity } from './process-identity.ts';
import { openRoot } from './root.ts';
import { sweep } from './sweep.ts';

let base: string;
let path: string;
let folder: string;
beforeEach(() => {
  base = fs.realpathSync(fs.mkdtempSync(`${tmpdir()}/driftline-journal-`));
  path = `${base}/root`;
  folder = `${base}/state/journals`;
  fs.mkdirSync(path);
});
afterEach(() => fs.rmSync(base, { recursive: true, force: true }));

/** A process number that is surely gone: that of a child already reaped. */
function deadPid(): number {
  return spawnSync('true').pid;
}

/** A journal as a killed run leaves it. */
function leave(records: [kind: string, rel: string, root?: string][], name = 'run-1-00.journal'): string {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const body = records
    .map(([kind, rel, root = path]) => `${kind} ${root.length} ${rel.length} ${root}${rel}\0`)
    .join('');
  fs.writeFileSync(`${folder}/${name}`, Buffer.from(`driftline-journal 1 ${deadPid()} x:1\0${body}`, 'latin1'), {
    mode: 0o600,
  });
  return `${folder}/${name}`;
}

const KEEP = { mode: null, uid: null, gid: null, mtime: null, nsec: 0, atime: null };

describe('openJournal', () => {
  it('makes nothing until a name is recorded, and removes itself at the end', () => {
    const journal = openJournal(folder);
    expect(fs.existsSync(folder)).toBe(false);
    const root = openRoot(path, { journal });
    fs.mkdirSync(`${path}/d`);
    const temp = root.dir('d')!.createTemp('\xff');
    expect(fs.statSync(folder).mode & 0o777).toBe(0o700);
    const [file] = fs.readdirSync(folder);
    expect(file).toMatch(new RegExp(`^run-${process.pid}-[0-9a-f]{16}\\.journal$`));
    expect(fs.statSync(`${folder}/${file}`).mode & 0o777).toBe(0o600);
    const parsed = parseJournal(fs.readFileSync(`${folder}/${file}`, 'latin1'))!;
    expect(parsed.owner).toEqual(ownIdentity());
    expect(parsed.records).toEqual([{ kind: 'f', root: path, rel: `d/${temp.name}` }]);
    temp.commit(KEEP);
    root.close();
    journal.close();
    journal.close();
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('stays small over many files', () => {
    const journal = openJournal(folder);
    const root = openRoot(path, { journal });
    const dir = root.dir('')!;
    let largest = 0;
    for (let i = 0; i < 3000; i++) {
      dir.createTemp('name').commit(KEEP);
      if (i % 100 === 0) largest = Math.max(largest, fs.statSync(`${folder}/${fs.readdirSync(folder)[0]}`).size);
    }
    expect(largest).toBeLessThan(66 * 1024);
    const temp = dir.createTemp('last');
    const left = parseJournal(fs.readFileSync(`${folder}/${fs.readdirSync(folder)[0]}`, 'latin1'))!;
    expect(left.records.at(-1)!.rel).toBe(temp.name);
    temp.discard();
    root.close();
    journal.close();
  });

  it('keeps its file while something recorded is still there', () => {
    const journal = openJournal(folder);
    openRoot(path, { journal }).dir('')!.createTemp('f');
    journal.close();
    expect(fs.readdirSync(folder)).toHaveLength(1);
    // Our own process lives, so it is not swept under a running worker.
    expect(sweep(folder)).toEqual({ removed: 0, kept: 0 });
    expect(fs.readdirSync(path)).toHaveLength(1);
  });

  it('without a folder records nothing', () => {
    const journal = openJournal(null);
    const root = openRoot(path, { journal });
    root.dir('')!.createTemp('f').commit(KEEP);
    root.close();
    journal.close();
    expect(fs.readdirSync(base)).toEqual(['root']);
  });

  it('fails before the entry is made when it cannot be written', () => {
    fs.writeFileSync(`${base}/state`, '');
    const root = openRoot(path, { journal: openJournal(folder) });
    expect(() => root.dir('')!.createTemp('f')).toThrow(/Cannot create/);
    expect(fs.readdirSync(path)).toEqual([]);
    root.close();
  });
});

describe('parseJournal', () => {
  const header = 'driftline-journal 1 12 b:3\0';
  it('gives back what was added, without torn, malformed and withdrawn records', () => {
    expect(parseJournal(`${header}f 2 9 /r.a.123456\0l 2 9 /r.b.123456\0`)!.records).toEqual([
      { kind: 'f', root: '/r', rel: '.a.123456' },
      { kind: 'l', root: '/r', rel: '.b.123456' },
    ]);
    expect(parseJournal(`${header}f 2 9 /r.a.123456\0f 2 9 /r.b.123456\0-\0`)!.records).toHaveLength(1);
    expect(parseJournal(`${header}f 2 30 /r.a.12345\0f 2 9 /r.b.123456\0`)!.records).toHaveLength(1);
    expect(parseJournal(`${header}f 2 9 /r.a.123456`)!.records).toEqual([]);
    expect(parseJournal(`${header}x 2 9 /r.a.123456\0`)!.records).toEqual([]);
  });
  it('wants a whole header', () => {
    for (const bytes of ['', '\0', header.slice(0, -1), 'driftline-journal 2 12 b:3\0', '\0'.repeat(100)]) {
      expect(parseJournal(bytes)).toBeNull();
    }
  });
});

describe('sweep', () => {
  it('removes what the journal names and keeps look-alikes', () => {
    fs.mkdirSync(`${path}/dx`);
    const ours = ['.a.Abc123', 'dx/.long name.Zzz999'];
    for (const name of [...ours, '.a.Abc124', '.b.Abc123', 'a']) fs.writeFileSync(`${path}/${name}`, name);
    fs.symlinkSync('a', `${path}/.l.Abc123`);
    const journal = leave([
      ['f', ours[0]!],
      ['f', ours[1]!],
      ['l', '.l.Abc123'],
      ['f', '.gone.Abc123'],
      ['f', 'none/.gone.Abc123'],
    ]);
    expect(sweep(folder)).toEqual({ removed: 3, kept: 0 });
    expect(fs.readdirSync(path).sort()).toEqual(['.a.Abc124', '.b.Abc123', 'a', 'dx']);
    expect(fs.readdirSync(`${path}/dx`)).toEqual([]);
    expect(fs.existsSync(journal)).toBe(false);
  });

  it('keeps entries of another type, of another name and behind symlinks', () => {
    const outside = `${base}/outside`;
    fs.mkdirSync(outside);
    fs.writeFileSync(`${outside}/.f.Abc123`, 'canary');
    fs.symlinkSync(outside, `${path}/d`);
    fs.symlinkSync(`${outside}/.f.Abc123`, `${path}/.f.Abc123`);
    fs.mkdirSync(`${path}/.g.Abc123`);
    fs.writeFileSync(`${path}/document`, 'canary');
    fs.symlinkSync('root', `${base}/alias`);
    fs.writeFileSync(`${path}/.h.Abc123`, 'canary');
    leave([
      ['f', 'd/.f.Abc123'],
      ['f', '.f.Abc123'],
      ['f', '.g.Abc123'],
      ['f', 'document'],
      ['f', '../outside/.f.Abc123'],
      ['f', '.h.Abc123', `${base}/alias`],
    ]);
    expect(sweep(folder).removed).toBe(0);
    expect(fs.readdirSync(outside)).toEqual(['.f.Abc123']);
    expect(fs.readdirSync(path).sort()).toEqual(['.f.Abc123', '.g.Abc123', '.h.Abc123', 'd', 'document']);
  });

  it('keeps the journal while its root is away', () => {
    const journal = leave([['f', '.a.Abc123']]);
    fs.renameSync(path, `${path}-unmounted`);
    fs.writeFileSync(`${path}-unmounted/.a.Abc123`, '');
    expect(sweep(folder)).toEqual({ removed: 0, kept: 1 });
    expect(fs.existsSync(journal)).toBe(true);
    fs.renameSync(`${path}-unmounted`, path);
    expect(sweep(folder)).toEqual({ removed: 1, kept: 0 });
  });

  it('is content with no folder, and refuses one others can write in', () => {
    expect(sweep(folder)).toEqual({ removed: 0, kept: 0 });
    fs.writeFileSync(`${path}/.a.Abc123`, '');
    leave([['f', '.a.Abc123']]);
    fs.chmodSync(folder, 0o777);
    expect(() => sweep(folder)).toThrow(/Cannot sweep/);
    fs.chmodSync(folder, 0o700);
    fs.chmodSync(`${folder}/run-1-00.journal`, 0o666);
    expect(sweep(folder).removed).toBe(0);
    expect(fs.readdirSync(path)).toEqual(['.a.Abc123']);
  });

  it.runIf(process.platform === 'linux')('cleans up after a killed process, and only once it is dead', async () => {
    fs.writeFileSync(`${path}/.user.Abc123`, 'kept');
    await build({
      configFile: false,
      logLevel: 'silent',
      build: {
        ssr: true,
        outDir: `${base}/child`,
        target: 'node20',
        rollupOptions: {
          input: { root: `${import.meta.dirname}/root.ts`, journal: `${import.meta.dirname}/journal.ts` },
          output: { format: 'es', entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' },
        },
      },
    });
    fs.writeFileSync(
      `${base}/child/run.mjs`,
      `import { openRoot } from './root.mjs';
       import { openJournal } from './journal.mjs';
       const [path, folder] = process.argv.slice(2);
       const dir = openRoot(path, { journal: openJournal(folder) }).dir('');
       for (let i = 0; i < 5; i++) {
         const temp = dir.createTemp('file' + i);
         temp.write(Buffer.alloc(10), 0, 10);
         if (i === 2) temp.commit({ mode: 0o644, uid: null, gid: null, mtime: 1, nsec: 0, atime: null });
       }
       process.stdout.write('ready');
       setInterval(() => {}, 1000);`,
    );
    const child: ChildProcess = spawn(process.execPath, [`${base}/child/run.mjs`, path, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise<void>((resolve, reject) => {
      child.stdout!.once('data', () => resolve());
      child.once('exit', () => reject(new Error('the child ended early')));
    });
    child.removeAllListeners('exit');
    expect(fs.readdirSync(path)).toHaveLength(6);
    expect(sweep(folder)).toEqual({ removed: 0, kept: 0 });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
    expect(sweep(folder)).toEqual({ removed: 4, kept: 0 });
    expect(fs.readdirSync(path).sort()).toEqual(['.user.Abc123', 'file2']);
    expect(fs.readdirSync(folder)).toEqual([]);
  });
});

describe('isAlive', () => {
  it('tells this process, a dead one, and a later one of the same number apart', () => {
    expect(isAlive(ownIdentity())).toBe(true);
    expect(isAlive({ pid: deadPid(), start: '' })).toBe(false);
    if (process.platform === 'linux') expect(isAlive({ pid: process.pid, start: 'other-boot:1' })).toBe(false);
  });
});
