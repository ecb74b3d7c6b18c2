import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineEvent } from '../../electron/engine/events.ts';
import { parseOldRule } from '../../electron/engine/filter/parse.ts';
import type { FilterRule } from '../../electron/engine/filter/rule.ts';
import { localPeer } from '../../electron/engine/index.ts';
import {
  carryOut,
  previewTransfer as makePreview,
  type MirrorJob,
  type TransferHooks,
} from '../../electron/engine/mirror.ts';
import { ARCHIVE, DEFAULT_OPTIONS } from '../../electron/engine/options/transfer-options.ts';
import { PlanReader } from '../../shared/plan-codec.ts';
import { allNames, twoFolders } from '../support/pair.ts';

const HOUR_AGO = Date.now() / 1000 - 3600;

async function previewTransfer(job: MirrorJob, hooks: TransferHooks, extras = false) {
  const preview = await makePreview(job, hooks, extras);
  const reader = new PlanReader(preview.plan);
  return { ...preview, items: Array.from({ length: reader.length }, (_, row) => reader.item(row)) };
}

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
    sources: [folders.src],
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
      replacesNewer: 0,
      keptByFilter: 0,
    });
    expect(items.find((item) => item.name === 'grown')).toMatchObject({
      source: { size: 6 },
      destination: { size: 5 },
    });
    expect(fs.existsSync(path.join(folders.dst, 'new'))).toBe(false);
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

  const speaking = (protocol: number): Partial<MirrorJob> => ({
    startPeer: ([first, ...words]) => localPeer(null, abort.signal)([first!, `--protocol=${protocol}`, ...words]),
  });

  it('carries out the plan with a server that speaks protocol 29', async () => {
    put('src', 'a', 'a');
    put('src', 'dir/b', 'longer');
    put('dst', 'dir/b', 'b');
    put('dst', 'gone', 'g');
    const plan = await previewTransfer(job(speaking(29)), hooks);
    put('dst', 'a', 'made since');
    const done = await carryOut(job(speaking(29)), plan.items, hooks);
    // Where something went otherwise than planned, nothing is deleted.
    expect(allNames(folders.dst)).toEqual(['a', 'dir', 'dir/b', 'gone']);
    expect([read('a'), read('dir/b')]).toEqual(['made since', 'longer']);
    expect(done.issueCount).toBe(2);
  });

  it('plans nothing with a server that does not say why it asks', async () => {
    put('src', 'a', 'a');
    if (direction === 'local') return;
    await expect(previewTransfer(job(speaking(28)), hooks)).rejects.toMatchObject({
      data: { kind: 'protocol', code: 'too-old' },
    });
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

  it('does not delete in a folder that took the place of the destination', async () => {
    if (direction === 'push') return; // there the server decides; see the guard's check at the start
    put('src', 'a', 'a');
    put('dst', 'gone', 'g');
    const plan = await previewTransfer(job(), hooks);
    const outside = path.join(folders.root, 'outside');
    fs.mkdirSync(outside);
    fs.writeFileSync(path.join(outside, 'gone'), 'g');
    fs.utimesSync(path.join(outside, 'gone'), HOUR_AGO, HOUR_AGO);
    const done = await carryOut(job(), plan.items, {
      ...hooks,
      onEvent(event) {
        hooks.onEvent(event);
        if (event.type !== 'phase' || event.phase !== 'deleting') return;
        fs.renameSync(folders.dst, `${folders.dst}-moved`);
        fs.symlinkSync(outside, folders.dst);
      },
    });
    expect(done).toMatchObject({ exitCode: 23, stats: { deleted: { total: 0 } } });
    expect(issues().some((text) => text.startsWith('delete-skipped-io-error'))).toBe(true);
    expect(allNames(outside)).toEqual(['gone']);
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

  it('lists what only the destination has where the job does not delete, and deletes what of it is asked for', async () => {
    put('src', 'a', 'a');
    put('dst', 'extra/1', 'x');
    put('dst', 'extra/2', 'x');
    for (const folder of [folders.src, folders.dst]) fs.utimesSync(folder, HOUR_AGO, HOUR_AGO);
    const copy = job({ delete: false });
    expect((await previewTransfer(copy, hooks)).items.map(({ name }) => name)).toEqual(['a']);
    const { items, counts } = await previewTransfer(copy, hooks, true);
    expect(items.map(({ name, action }) => `${action} ${name}`)).toEqual([
      'create a',
      'delete extra/2',
      'delete extra/1',
      'delete extra',
    ]);
    expect(counts.delete).toBe(3);
    const chosen = items.filter(({ name }) => name !== 'extra' && name !== 'extra/2');
    expect(await carryOut(copy, chosen, hooks)).toMatchObject({ exitCode: 0, issueCount: 0 });
    expect(allNames(folders.dst)).toEqual(['a', 'extra', 'extra/2']);
  });

  it('carries out what is ticked, in folders that are there', async () => {
    for (const name of ['a', 'd/x', 'd/y', 'new/z']) put('src', name, name);
    put('dst', 'd/x', 'old', HOUR_AGO - 60);
    const { items } = await previewTransfer(job(), hooks);
    const ticked = items.filter(({ name }) => ['d/y', 'new', 'new/z'].includes(name));
    expect(await carryOut(job(), ticked, hooks)).toMatchObject({ exitCode: 0, issueCount: 0 });
    expect(allNames(folders.dst)).toEqual(['d', 'd/x', 'd/y', 'new', 'new/z']);
    expect(read('d/x')).toBe('old');
  });

  it('a destination folder that became a link since the preview is not followed', async () => {
    put('src', 'd/new', 'n');
    put('src', 'd/there', 't');
    put('dst', 'd/there', 't');
    put('dst', 'd/gone', 'g');
    const { items } = await previewTransfer(job(), hooks);
    const elsewhere = path.join(folders.root, 'elsewhere');
    fs.renameSync(path.join(folders.dst, 'd'), elsewhere);
    fs.symlinkSync(elsewhere, path.join(folders.dst, 'd'));
    const done = await carryOut(job(), items, hooks);
    expect(fs.existsSync(path.join(elsewhere, 'gone'))).toBe(true);
    expect(fs.existsSync(path.join(elsewhere, 'new'))).toBe(false);
    // A server makes the folder anew in the place of the link, as rsync does.
    if (direction !== 'push') expect(done.exitCode).toBe(23);
  });

  it('what changed at the destination since the preview is not deleted', async () => {
    put('src', 'a', 'a');
    for (const name of ['grew', 'now-a-folder', 'gone', 'd/kept']) put('dst', name, 'x');
    const { items } = await previewTransfer(job(), hooks);
    put('dst', 'grew', 'written since', HOUR_AGO + 30);
    fs.rmSync(path.join(folders.dst, 'now-a-folder'));
    put('dst', 'now-a-folder/inside', 'since');
    put('dst', 'd/since', 'not planned');
    const done = await carryOut(job(), items, hooks);
    const left = allNames(folders.dst);
    expect(left).toEqual(expect.arrayContaining(['now-a-folder/inside', 'd/since']));
    expect(left).not.toContain('gone');
    expect(done.exitCode).not.toBe(0);
    // A server deletes by name alone.
    if (direction !== 'push') expect(left).toContain('grew');
  });

  it('takes several folders as rsync does: by their names, or their contents together', async () => {
    const second = path.join(folders.root, 'second');
    put('src', 'both', 'first');
    put('src', 'only-1', '1');
    put('src', 'x', 'a file here');
    fs.mkdirSync(path.join(second, 'x'), { recursive: true });
    for (const name of ['both', 'only-2', 'x/in']) {
      fs.writeFileSync(path.join(second, name), 'second');
      fs.utimesSync(path.join(second, name), HOUR_AGO, HOUR_AGO);
    }
    put('dst', 'gone', 'g');
    for (const contentsOnly of [true, false]) {
      const several = job({ contentsOnly, sources: [folders.src, second] });
      const { items } = await previewTransfer(several, hooks);
      expect(await carryOut(several, items, hooks)).toMatchObject({ exitCode: 0, issueCount: 0 });
      const expected = path.join(folders.root, 'expected');
      const slash = contentsOnly ? '/' : '';
      execFileSync('rsync', ['-a', `${folders.src}${slash}`, `${second}${slash}`, `${expected}/`]);
      if (!contentsOnly) expect(allNames(expected)).toContain('second/x/in');
      const differences = execFileSync('rsync', ['-anic', `${expected}/`, `${folders.dst}/`], { encoding: 'utf8' });
      expect(differences.split('\n').filter((line) => !/^(\.d..t|$)/.test(line))).toEqual([]);
      expect((await previewTransfer(several, hooks)).items).toEqual([]);
      fs.rmSync(expected, { recursive: true });
    }
    expect(fs.existsSync(path.join(folders.dst, 'gone'))).toBe(false);
  });

  it('refuses more deletions than are allowed before it makes any', async () => {
    put('src', 'a', 'a');
    put('dst', 'gone', 'g');
    const base = job();
    const { items } = await previewTransfer(base, hooks);
    const few = { ...base, options: { ...base.options, maxDelete: 0 } };
    await expect(carryOut(few, items, hooks)).rejects.toMatchObject({ data: { code: 'max-delete' } });
    expect(allNames(folders.dst)).toEqual(['gone']);
  });
});
