import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineEvent } from '../../electron/engine/events.ts';
import { Faults, faultyRoot, type Fault } from '../support/fault-fs.ts';
import { allNames, transferPair, twoFolders } from '../support/pair.ts';
import { pullWith } from '../support/pull-with.ts';

const isRoot = process.getuid?.() === 0;

/** What a destination may refuse (faults.md D1–D5, D11, D20): the data that can be kept is kept, and nothing is silent. */
describe('destination faults', () => {
  let folders: ReturnType<typeof twoFolders>;
  beforeEach(() => (folders = twoFolders()));
  afterEach(() => folders.remove());

  const put = (side: 'src' | 'dst', name: string, content: string, mode = 0o644) => {
    const file = path.join(folders[side], name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
    fs.chmodSync(file, mode);
    fs.utimesSync(file, 1_000_000_000, 1_000_000_000);
  };
  const pull = (faults: Fault[], words: string[]) => {
    const failing = new Faults(faults);
    return pullWith((root) => faultyRoot(root, failing), words, `${folders.src}/`, folders.dst);
  };
  const dst = (name: string) => path.join(folders.dst, name);
  const modeOf = (name: string) => fs.statSync(dst(name)).mode & 0o7777;

  it.runIf(isRoot)('an owner that is refused costs the owner, not the file', async () => {
    put('src', 'a', 'content', 0o4640);
    fs.chownSync(path.join(folders.src, 'a'), 12345, 12345);
    fs.chmodSync(path.join(folders.src, 'a'), 0o4640);
    const done = await pull([{ operation: 'chown', errno: 'EPERM' }], ['-a']);
    expect(done.exitCode).toBe(23);
    expect(done.issues.map(({ code, name, errno }) => [code, name, errno])).toEqual([
      ['attributes-failed', 'a', 'EPERM'],
    ]);
    expect(fs.readFileSync(dst('a'), 'latin1')).toBe('content');
    expect(modeOf('a')).toBe(0o640); // set-id bits were meant for the other owner
    expect(fs.statSync(dst('a')).mtimeMs).toBe(1e12);
    expect(done.totals.transferred).toBe(1);
  });

  it('a rename that fails leaves the old file and no litter', async () => {
    put('src', 'a', 'new content');
    put('dst', 'a', 'old');
    const done = await pull([{ operation: 'rename', name: /^a$/, errno: 'EACCES' }], ['-a']);
    expect(done.exitCode).toBe(23);
    expect(done.issues.map(({ code }) => code)).toEqual(['write-failed']);
    expect(allNames(folders.dst)).toEqual(['a']);
    expect(fs.readFileSync(dst('a'), 'latin1')).toBe('old');
  });

  it('a link that cannot be made costs itself alone', async () => {
    put('src', 'a', 'content');
    put('src', 'z', 'content');
    fs.symlinkSync('a', path.join(folders.src, 'link'));
    const done = await pull([{ operation: 'symlink', errno: 'EPERM' }], ['-a']);
    expect(done.exitCode).toBe(23);
    expect(done.issues.map(({ code, name }) => [code, name])).toEqual([['write-failed', 'link']]);
    expect(allNames(folders.dst).sort()).toEqual(['a', 'z']);
  });

  it.each([['-a'], ['-a', '--no-i-r']])(
    'folders that refuse attributes still get their contents (%s %s)',
    async (...words) => {
      put('src', 'd/e/f', 'content');
      fs.chmodSync(path.join(folders.src, 'd'), 0o711);
      const done = await pull([{ operation: 'attributes', errno: 'EPERM' }], words.filter(Boolean));
      expect(done.exitCode).toBe(23);
      expect(new Set(done.issues.map(({ code }) => code))).toEqual(new Set(['attributes-failed']));
      expect(fs.readFileSync(dst('d/e/f'), 'latin1')).toBe('content');
    },
  );

  it('asks for no attribute that is already right', async () => {
    put('src', 'a', 'content');
    fs.mkdirSync(folders.dst);
    const failing = new Faults([{ operation: 'attributes', errno: 'EPERM' }]);
    const done = await pullWith((root) => faultyRoot(root, failing), ['-r'], `${folders.src}/`, folders.dst);
    expect(failing.fired).toEqual([]);
    expect(done.exitCode).toBe(0);
  });

  it('a folder that is gone when its file arrives is an error of that file', async () => {
    put('src', 'd/f', 'content');
    put('src', 'z', 'later');
    let asked = 0;
    const done = await pullWith(
      // Once the folder was made and its file asked for, it is gone.
      (root) => ({
        ...root,
        path: root.path,
        dir: (rel) => (rel === 'd' && ++asked > 1 ? null : root.dir(rel)),
        forget: (rel) => root.forget(rel),
        close: () => root.close(),
      }),
      ['-r', '--no-i-r'],
      `${folders.src}/`,
      folders.dst,
    );
    expect(fs.existsSync(dst('d/f'))).toBe(false);
    expect(fs.readFileSync(dst('z'), 'latin1')).toBe('later');
    expect(done.issues.map(({ name }) => name)).toEqual(['d/f']);
    expect(done.exitCode).toBe(23);
  });

  it.each(['write', 'create'] as const)('a full disk ends the run at once (%s)', async (operation) => {
    for (const name of ['a', 'b', 'c']) put('src', name, 'content');
    put('dst', 'b', 'old b');
    const failing = new Faults([{ operation, name: /^b$/, errno: 'ENOSPC' }]);
    const run = pullWith((root) => faultyRoot(root, failing), ['-r', '-W'], `${folders.src}/`, folders.dst);
    await expect(run).rejects.toMatchObject({ data: { kind: 'fs', exitCode: 11, details: { errno: 'ENOSPC' } } });
    expect(fs.readFileSync(dst('b'), 'latin1')).toBe('old b');
    expect(allNames(folders.dst).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(fs.existsSync(dst('c'))).toBe(false);
  });

  it('a basis that cannot be opened a second time means the whole file is asked for again', async () => {
    put('src', 'a', 'x'.repeat(5000) + 'new');
    put('dst', 'a', 'x'.repeat(5000) + 'older');
    const done = await pull([{ operation: 'open', name: /^a$/, nth: 2, once: true, errno: 'EIO' }], ['-t']);
    const listed = await pull([{ operation: 'open', name: /^a$/, nth: 2, once: true, errno: 'EIO' }], ['-rti']);
    expect([done.exitCode, listed.exitCode]).toEqual([0, 0]);
    expect(fs.readFileSync(dst('a'))).toEqual(fs.readFileSync(path.join(folders.src, 'a')));
    expect(listed.events.some((event) => event.type === 'message' && /failed verification/.test(event.text))).toBe(
      true,
    );
  });

  it('without -p, folders keep the mode they have', async () => {
    put('src', 'old/new-file', 'content');
    put('dst', 'old/there', 'x');
    fs.chmodSync(dst('old'), 0o555);
    put('src', 'made/f', 'content');
    fs.chmodSync(path.join(folders.src, 'made'), 0o555);
    const run = await transferPair('pull', ['-rt'], `${folders.src}/`, folders.dst);
    expect(run.result.exitCode).toBe(0);
    expect(modeOf('old')).toBe(0o555);
    expect(modeOf('made')).toBe(0o555);
    expect(allNames(folders.dst)).toEqual(['made', 'made/f', 'old', 'old/new-file', 'old/there']);
    for (const name of ['old', 'made']) fs.chmodSync(dst(name), 0o755);
    fs.chmodSync(path.join(folders.src, 'made'), 0o755);
  });

  it('progress never runs backwards over a second attempt, and ends at the total', async () => {
    const mark = Buffer.from('flip-this-marker');
    put('src', 'a', `before ${mark.toString()} after`);
    for (const direction of ['push', 'pull'] as const) {
      let flipped = false;
      const fate = (chunk: Buffer) => {
        const at = flipped ? -1 : chunk.indexOf(mark);
        if (at < 0) return chunk;
        flipped = true;
        const copy = Buffer.from(chunk);
        copy[at]! ^= 1;
        return copy;
      };
      fs.rmSync(folders.dst, { recursive: true, force: true });
      const faults = direction === 'push' ? { send: fate } : { receive: fate };
      const run = await transferPair(direction, ['-r'], `${folders.src}/`, folders.dst, { faults });
      const done = run.events.flatMap((event) => (event.type === 'progress' ? [event] : []));
      expect(done.map(({ bytesDone }) => bytesDone)).toEqual(
        done.map(({ bytesDone }) => bytesDone).sort((x, y) => x - y),
      );
      expect(done.at(-1)).toMatchObject({ bytesDone: 29, bytesTotal: 29, filesDone: 1 });
      expect(run.result.stats.created.regular).toBe(1);
    }
  });

  it('a server that fails tells its client why, and with what code', async () => {
    put('src', 'a', 'flip-this-marker');
    let changed = false;
    const events: EngineEvent[] = [];
    const run = transferPair('push', ['-r', '-W'], `${folders.src}/`, folders.dst, {
      faults: {
        send: (chunk) => {
          const at = chunk.indexOf('flip-this-marker');
          if (at < 4) return chunk;
          changed = true;
          const copy = Buffer.from(chunk);
          copy.writeInt32LE(-7, at - 4); // a block of a basis that there is not
          return copy;
        },
      },
      onEvent: (event) => events.push(event),
    });
    await expect(run).rejects.toMatchObject({ data: { kind: 'remote', code: 'peer-exit', exitCode: 12 } });
    expect(changed).toBe(true);
    const said = events.flatMap((event) => (event.type === 'message' ? [event.text] : []));
    expect(said.join('')).toMatch(/^driftline: The peer referred to block 6/);
    expect(allNames(folders.dst)).toEqual([]);
  });

  it('a server names files in UTF-8', async () => {
    put('src', 'd/日本\u010a', 'x');
    fs.chmodSync(path.join(folders.src, 'd'), 0o755);
    put('dst', 'd/日本\u010a/kept', 'y');
    const run = await transferPair('push', ['-r'], `${folders.src}/`, folders.dst);
    expect(run.result.exitCode).toBe(23);
    const said = run.events.flatMap((event) => (event.type === 'message' ? [event.text] : []));
    expect(Buffer.from(said.join(''), 'latin1').toString('utf8')).toContain('d/日本\u010a is a folder');
  });
});
