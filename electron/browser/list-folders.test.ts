import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DriftlineError } from '../../shared/errors.ts';
import { bytesToText } from '../../shared/model/path.ts';
import type { PathText } from '../../shared/model/path.ts';
import { listFolders } from './list-folders.ts';

describe('the service-side folder picker', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'driftline-folders-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const list = (path: string) => listFolders(path as PathText);
  const code = (path: string) =>
    list(path).then(
      () => 'listed',
      (error: unknown) => (error instanceof DriftlineError ? `${error.data.kind}/${error.data.code}` : 'untyped'),
    );

  it('lists folders and links to folders, sorted, with the parent', async () => {
    for (const name of ['b', 'a', '.hidden', 'ü']) mkdirSync(join(root, name));
    writeFileSync(join(root, 'file'), '');
    symlinkSync('a', join(root, 'link'));
    symlinkSync('nowhere', join(root, 'dangling'));
    symlinkSync('file', join(root, 'file-link'));
    const listing = await list(`${root}/a/../`);
    expect(listing.path).toBe(root);
    expect(listing.parent).toBe(tmpdir());
    expect(listing.folders).toEqual(['.hidden', 'a', 'b', 'link', 'ü'].map((name) => join(root, name)));
  });

  it('carries names that are not UTF-8 there and back', async () => {
    mkdirSync(Buffer.from(`${root}/a\xff\xfeb`, 'latin1'));
    mkdirSync(Buffer.from(`${root}/a\xff\xfeb/inner`, 'latin1'));
    const [odd] = (await list(root)).folders;
    expect(odd).toBe(bytesToText(`${root}/a\xff\xfeb`));
    expect((await list(odd ?? '')).folders).toEqual([`${odd}/inner`]);
  });

  it('has no parent at the top', async () => {
    expect((await list('/')).parent).toBeNull();
  });

  it('refuses with typed errors', async () => {
    writeFileSync(join(root, 'file'), '');
    expect(await code('relative/path')).toBe('usage/not-absolute');
    expect(await code('~/x')).toBe('usage/not-absolute');
    expect(await code(join(root, 'missing'))).toBe('fs/folder-missing');
    expect(await code(join(root, 'file'))).toBe('fs/folder-not-folder');
    expect(await code(`/${'x'.repeat(300)}`)).toBe('fs/folder-unreadable');
  });

  it('refuses a folder with more than it can show instead of cutting it short', async () => {
    for (let n = 0; n <= 5000; n++) mkdirSync(join(root, `d${n}`));
    expect(await code(root)).toBe('fs/folder-too-large');
  });
});
