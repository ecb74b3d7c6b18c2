import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineIssue } from '../../electron/engine/events.ts';
import { nodeSourceFs } from '../../electron/engine/fs/node-fs.ts';
import { localPeer, runTransfer } from '../../electron/engine/index.ts';
import { parseClientWords } from '../../electron/engine/options/parse.ts';
import { scanTree } from '../../electron/engine/source-tree.ts';
import { Faults, faultySource, type Fault } from '../support/fault-fs.ts';
import { allNames, transferPair, twoFolders } from '../support/pair.ts';

/** Sources that fail or change while they are read (faults.md D6, D7, D16): the rest arrives, and nothing is silent. */
describe('source faults', () => {
  let folders: ReturnType<typeof twoFolders>;
  beforeEach(() => (folders = twoFolders()));
  afterEach(() => folders.remove());

  const put = (side: 'src' | 'dst', name: string, content: string | Buffer) => {
    const file = path.join(folders[side], name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
  };
  const dst = (name: string) => fs.readFileSync(path.join(folders.dst, name));

  const push = async (faults: Fault[], words: string[]) => {
    const failing = new Faults(faults);
    const issues: EngineIssue[] = [];
    const { signal } = new AbortController();
    const source = `${folders.src}/`;
    const { options } = parseClientWords([...words], () => '');
    const result = await runTransfer(
      {
        options,
        direction: 'push',
        sources: [source],
        destination: folders.dst,
        startPeer: localPeer(null, signal),
        local: true,
        journalDir: null,
        tree: (conn) => scanTree(conn, faultySource(nodeSourceFs, failing), [source], options.filters),
      },
      { signal, onEvent: (event) => void (event.type === 'issue' && issues.push(event.issue)) },
    );
    return { result, failing, codes: issues.map(({ code, name }) => `${code} ${name}`) };
  };

  it.each([['-r'], ['-r', '--no-i-r']])(
    'a read error inside a file: it stays old, the others arrive (%s %s)',
    async (...words) => {
      put('src', 'a', Buffer.alloc(1 << 20, 'new'));
      put('src', 'b', 'after it');
      put('dst', 'a', 'old');
      const run = await push([{ operation: 'read', name: /\/a$/, nth: 3, errno: 'EIO' }], words.filter(Boolean));
      expect(run.result.exitCode).toBe(23);
      expect(run.codes).toEqual(['read-failed a', 'read-failed a']); // the second attempt too
      expect(dst('a').toString()).toBe('old');
      expect(dst('b').toString()).toBe('after it');
      expect(allNames(folders.dst)).toEqual(['a', 'b']);
    },
  );

  it('a read error that passes: the second attempt brings the file, the run is partial all the same', async () => {
    put('src', 'a', Buffer.alloc(1 << 20, 'new'));
    const run = await push([{ operation: 'read', name: /\/a$/, nth: 3, once: true, errno: 'EIO' }], ['-r']);
    expect(run.result.exitCode).toBe(23);
    expect(dst('a').equals(Buffer.alloc(1 << 20, 'new'))).toBe(true);
  });

  it('a file that cannot be opened, and one that went', async () => {
    for (const name of ['a', 'b', 'c']) put('src', name, name);
    const denied = await push([{ operation: 'open', name: /\/a$/, errno: 'EACCES' }], ['-r']);
    expect([denied.result.exitCode, ...denied.codes]).toEqual([23, 'read-failed a']);
    expect(allNames(folders.dst)).toEqual(['b', 'c']);
    fs.rmSync(folders.dst, { recursive: true });
    const gone = await push([{ operation: 'open', name: /\/b$/, errno: 'ENOENT' }], ['-r']);
    expect([gone.result.exitCode, ...gone.codes]).toEqual([24, 'vanished b']);
    expect(allNames(folders.dst)).toEqual(['a', 'c']);
  });

  it.each(['--delete-before', '--delete-after', '--delete-delay', '--delete'])(
    'a folder that cannot be listed turns deletion off everywhere (%s)',
    async (mode) => {
      put('src', 'd/a', 'a');
      put('dst', 'd/a', 'a');
      put('dst', 'd/extra', 'x');
      put('dst', 'extra', 'x');
      const run = await push([{ operation: 'readdir', name: /\/d$/, errno: 'EIO' }], ['-r', '--no-i-r', mode]);
      expect(run.result.exitCode).toBe(23);
      expect(allNames(folders.dst)).toEqual(['d', 'd/a', 'd/extra', 'extra']);
    },
  );

  it('a file that shrinks while it is sent is said to have changed', async () => {
    const file = path.join(folders.src, 'a');
    fs.writeFileSync(file, Buffer.alloc(16 << 20, 'x'));
    put('src', 'b', 'after it');
    let cut = false;
    const run = await transferPair('push', ['-r', '-W'], `${folders.src}/`, folders.dst, {
      faults: {
        send: (chunk, offset) => {
          if (!cut && offset > 1 << 20) {
            fs.truncateSync(file, 1 << 20);
            cut = true;
          }
          return chunk;
        },
      },
    });
    expect(cut).toBe(true);
    const issues = run.events.flatMap((event) => (event.type === 'issue' ? [event.issue.code] : []));
    expect(issues).toEqual(['changed-while-sending']);
    expect(run.result.exitCode).toBe(24);
    expect(dst('a').length).toBeLessThan(16 << 20);
    expect(dst('b').toString()).toBe('after it');
  });

  it('a file that grew is sent as long as it was when opened', async () => {
    const file = path.join(folders.src, 'a');
    fs.writeFileSync(file, Buffer.alloc(4 << 20, 'x'));
    let grown = false;
    const run = await transferPair('push', ['-r', '-W'], `${folders.src}/`, folders.dst, {
      faults: {
        send: (chunk, offset) => {
          if (!grown && offset > 1 << 20) {
            fs.appendFileSync(file, 'more');
            grown = true;
          }
          return chunk;
        },
      },
    });
    expect([run.result.exitCode, dst('a').length]).toEqual([0, 4 << 20]);
  });
});
