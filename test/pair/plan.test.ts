import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineEvent } from '../../electron/engine/events.ts';
import { parseOldRule } from '../../electron/engine/filter/parse.ts';
import type { FilterRule } from '../../electron/engine/filter/rule.ts';
import { localPeer } from '../../electron/engine/index.ts';
import { carryOut, previewTransfer, type MirrorJob } from '../../electron/engine/mirror.ts';
import { ARCHIVE, DEFAULT_OPTIONS } from '../../electron/engine/options/transfer-options.ts';
import { PlanReader, encodePlan } from '../../shared/plan-codec.ts';
import { allNames, twoFolders } from '../support/pair.ts';

const HOUR_AGO = Date.now() / 1000 - 3600;

describe.each(['push', 'pull', 'local'] as const)('preview as a plan, %s', (direction) => {
  let folders: ReturnType<typeof twoFolders>;
  const abort = new AbortController();
  beforeEach(() => {
    folders = twoFolders();
    fs.mkdirSync(folders.dst);
  });
  afterEach(() => folders.remove());

  const put = (side: 'src' | 'dst', name: string, content: string, mtime = HOUR_AGO) => {
    const full = path.join(folders[side], name);
    fs.mkdirSync(path.dirname(full), { recursive: true });
    fs.writeFileSync(full, content);
    fs.utimesSync(full, mtime, mtime);
  };
  const read = (name: string) => fs.readFileSync(path.join(folders.dst, name), 'latin1');
  const job = (more: Partial<MirrorJob> & { excludes?: string[]; delete?: boolean } = {}): MirrorJob => ({
    direction,
    source: folders.src,
    destination: folders.dst,
    contentsOnly: true,
    startPeer: localPeer(null, abort.signal),
    remoteUser: process.getuid?.() === 0 ? 'root' : 'me',
    journalDir: folders.journals,
    options: {
      ...DEFAULT_OPTIONS,
      ...ARCHIVE,
      deleteMode: (more.delete ?? true) ? 'default' : 'none',
      filters: (more.excludes ?? []).map((pattern) => parseOldRule(pattern, false) as FilterRule),
    },
    ...more,
  });
  const events: EngineEvent[] = [];
  const hooks = { signal: abort.signal, onEvent: (event: EngineEvent) => void events.push(event) };
  const issues = () =>
    events.flatMap((event) => (event.type === 'issue' ? [`${event.issue.code} ${event.issue.name}`] : []));
  beforeEach(() => void (events.length = 0));

  it('lists creates, updates, deletes and what stays, with reasons and both sides', async () => {
    put('src', 'new', 'n');
    put('src', 'same', 's');
    put('dst', 'same', 's');
    put('src', 'grown', 'longer');
    put('dst', 'grown', 'short');
    put('src', 'later', 'abc', HOUR_AGO + 60);
    put('dst', 'later', 'xyz');
    put('dst', 'old/deep/gone', 'g');
    const { items, counts } = await previewTransfer(job(), hooks);
    const told = new Map(items.map((item) => [item.name, `${item.action} ${item.reason}`]));
    expect(told.get('new')).toBe('create missing');
    expect(told.get('grown')).toBe('update size');
    expect(told.get('later')).toBe('update time');
    expect(told.has('same')).toBe(false);
    expect([...told].filter(([, text]) => text.startsWith('delete')).map(([name]) => name)).toEqual([
      'old/deep/gone',
      'old/deep',
      'old',
    ]);
    expect(counts).toMatchObject({
      create: 1,
      update: 2,
      delete: 3,
      sourceTotal: 4,
      destinationTotal: 6,
      transferSize: 10,
      deleteSize: 1,
    });
    expect(items.find((item) => item.name === 'grown')).toMatchObject({
      source: { size: 6 },
      destination: { size: 5 },
    });
    expect(fs.existsSync(path.join(folders.dst, 'new'))).toBe(false);
    const bytes = new PlanReader(encodePlan(items));
    expect(Array.from({ length: bytes.length }, (_, row) => bytes.item(row))).toEqual(items);
  });

  it('carries out the plan and nothing else', async () => {
    put('src', 'a', 'a');
    put('src', 'dir/b', 'b');
    put('dst', 'gone', 'g');
    const plan = await previewTransfer(job(), hooks);
    put('src', 'since', 'not planned');
    put('dst', 'appeared', 'kept');
    const done = await carryOut(job(), plan.items, hooks);
    expect(done).toMatchObject({ exitCode: 0, issueCount: 0 });
    expect(done.stats.deleted.total).toBe(1);
    expect(allNames(folders.dst)).toEqual(['a', 'appeared', 'dir', 'dir/b']);
    expect(allNames(folders.journals)).toEqual([]);
    // The folder's own time changed with `since`; everything planned is in place.
    const again = await previewTransfer(job({ delete: false }), hooks);
    expect(again.items.filter((item) => item.name !== '.').map((item) => item.name)).toEqual(['since']);
  });

  it.each([true, false])(
    'leaves folders with the times of the source, their contents alone: %s',
    async (contentsOnly) => {
      for (const name of ['a', 'b', 'dir/c', 'dir/d']) put('src', name, 'first');
      const run = async () => {
        const { items } = await previewTransfer(job({ contentsOnly }), hooks);
        return carryOut(job({ contentsOnly }), items, hooks);
      };
      // Long ago: a folder that is touched now must not have the same time by chance.
      for (const folder of ['', 'dir']) fs.utimesSync(path.join(folders.src, folder), HOUR_AGO, HOUR_AGO);
      await run();
      // Replacing and removing change a folder's time while its own entry has nothing to do.
      const changeIn = (folder: string, work: () => void) => {
        work();
        fs.utimesSync(path.join(folders.src, folder), HOUR_AGO, HOUR_AGO);
      };
      changeIn('', () => put('src', 'a', 'second'));
      await run();
      expect((await previewTransfer(job({ contentsOnly }), hooks)).items).toEqual([]);
      changeIn('', () => fs.rmSync(path.join(folders.src, 'b')));
      changeIn('dir', () => put('src', 'dir/c', 'second'));
      await run();
      expect((await previewTransfer(job({ contentsOnly }), hooks)).items).toEqual([]);
    },
  );

  it('leaves alone what changed since the preview, and then deletes nothing', async () => {
    put('src', 'new', 'from source');
    put('src', 'upd', 'from source');
    put('dst', 'upd', 'old');
    put('dst', 'gone', 'g');
    const plan = await previewTransfer(job(), hooks);
    put('dst', 'new', 'made since');
    put('src', 'upd', 'changed again since', HOUR_AGO + 5);
    const done = await carryOut(job(), plan.items, hooks);
    expect(done.exitCode).toBe(23);
    expect(read('new')).toBe('made since');
    expect(read('gone')).toBe('g');
    expect(issues()).toContain('changed-since-preview new');
    expect(issues().some((text) => text.startsWith('delete-skipped-io-error'))).toBe(true);
  });

  it('never deletes what a rule excludes, nor the folder that holds it', async () => {
    put('src', 'a', 'a');
    put('dst', 'sub/keep.tmp', 'k');
    put('dst', 'sub/gone', 'g');
    const { items } = await previewTransfer(job({ excludes: ['*.tmp'] }), hooks);
    expect(items.filter((item) => item.action === 'delete').map((item) => item.name)).toEqual(['sub/gone']);
    await carryOut(job({ excludes: ['*.tmp'] }), items, hooks);
    expect(allNames(folders.dst)).toEqual(['a', 'sub', 'sub/keep.tmp']);
  });

  it('deletes names that look like patterns by name only', async () => {
    put('src', 'a', 'a');
    put('dst', 'x*[y]?', 'planned');
    const plan = await previewTransfer(job(), hooks);
    put('dst', 'xyz[y]q', 'since');
    put('dst', 'x\\*', 'since');
    expect((await carryOut(job(), plan.items, hooks)).exitCode).toBe(0);
    expect(allNames(folders.dst)).toEqual(['a', 'x\\*', 'xyz[y]q']);
  });

  it('replaces a folder by a file', async () => {
    put('src', 'thing', 'now a file');
    put('dst', 'thing/inside/x', 'x');
    const plan = await previewTransfer(job(), hooks);
    expect(plan.items.find((item) => item.name === 'thing')).toMatchObject({ action: 'update', reason: 'type' });
    expect((await carryOut(job(), plan.items, hooks)).exitCode).toBe(0);
    expect(read('thing')).toBe('now a file');
  });

  it('mirrors the folder itself into a destination that does not exist', async () => {
    put('src', 'a', 'a');
    const into = job({ contentsOnly: false, destination: path.join(folders.root, 'made') });
    const plan = await previewTransfer(into, hooks);
    expect(plan.items.map((item) => item.name)).toEqual(['src', 'src/a']);
    expect((await carryOut(into, plan.items, hooks)).exitCode).toBe(0);
    expect(allNames(into.destination)).toEqual(['src', 'src/a']);
    expect((await previewTransfer(into, hooks)).items).toEqual([]);
  });

  it('a folder that went since the preview is not passed over in silence', async () => {
    put('src', 'd/new', 'n');
    put('dst', 'd/there', 't');
    put('src', 'd/there', 't');
    put('dst', 'gone', 'g');
    const plan = await previewTransfer(job(), hooks);
    fs.rmSync(path.join(folders.dst, 'd'), { recursive: true });
    const done = await carryOut(job(), plan.items, hooks);
    // A server makes the folder again for what it is sent; we make nothing that was not planned.
    if (direction === 'push') {
      expect(read('d/new')).toBe('n');
      expect(done.exitCode).toBe(0);
    } else {
      expect(done.exitCode).toBe(23);
      expect(issues()).toContain('write-failed d/new');
      expect(read('gone')).toBe('g');
    }
  });

  it('what is skipped by an option keeps no deletion back', async () => {
    execFileSync('mkfifo', [path.join(folders.src, 'fifo')]);
    put('dst', 'gone', 'g');
    const base = job();
    const without = { ...base, options: { ...base.options, specials: false } };
    const plan = await previewTransfer(without, hooks);
    const done = await carryOut(without, plan.items, hooks);
    expect(done).toMatchObject({ exitCode: 0, issueCount: 0 });
    expect(allNames(folders.dst)).toEqual([]);
  });
});
