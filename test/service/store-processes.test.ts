import { fork } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { beforeAll, describe, expect, it } from 'vitest';
import { nodeConfig } from '../../build/vite-configs.mjs';
import { decodeDocument } from '../../electron/service/store/document.ts';
import { tempFolder } from './harness.ts';

const PROCESSES = 3;
const CHANGES = 15;
const KILLS = 12;

/** What each child runs: the real store, `conf` and all. */
const CHILD = `
import { openConfFile } from 'SERVICE/store/conf-store.ts';
import { openStore } from 'SERVICE/store/store.ts';
import { systemClock } from 'SERVICE/ports.ts';
const [path, name, count] = process.argv.slice(2);
const store = await openStore({ file: openConfFile(path), clock: systemClock, notice: (m) => process.send({ notice: m }) });
for (let i = 0; i < Number(count); i++) {
  const id = crypto.randomUUID();
  await store.change((d) => void d.hosts.push({ id, name: name + i, address: 'a', port: 1, user: 'u', auth: { kind: 'agent' }, rsyncPath: '', hostKey: null, createdAt: 0 }));
  process.send({ saved: name + i });
}
store.close();
process.disconnect();
`;

let script = '';
beforeAll(async () => {
  const { mkdtempSync, writeFileSync } = await import('node:fs');
  const root = join(import.meta.dirname, '../..');
  // Inside the repository's own cache, so that its packages are found.
  const folder = mkdtempSync(join(root, 'node_modules/.cache/driftline-store-'));
  const entry = join(folder, 'child.ts');
  writeFileSync(entry, CHILD.replaceAll('SERVICE', join(root, 'electron/service')));
  await build(nodeConfig({ child: entry }, folder));
  script = join(folder, 'child.js');
  return async () => (await import('node:fs')).rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  saved: string[];
  notices: string[];
}

function start(path: string, name: string, count: number): { kill: (when: number) => void; ended: Promise<Ended> } {
  const child = fork(script, [path, name, String(count)], { execArgv: [] });
  const saved: string[] = [];
  const notices: string[] = [];
  let killAt = Infinity;
  child.on('message', (message: { saved?: string; notice?: string }) => {
    if (message.saved !== undefined) saved.push(message.saved);
    if (message.notice !== undefined) notices.push(message.notice);
    if (saved.length >= killAt) child.kill('SIGKILL');
  });
  const ended = new Promise<Ended>((resolve) => child.on('close', () => resolve({ saved, notices })));
  return { kill: (when) => (killAt = when), ended };
}

const namesIn = (path: string): string[] => {
  const decoded = decodeDocument(readFileSync(path, 'utf8'));
  if (decoded.kind !== 'good') throw new Error(decoded.kind);
  return decoded.document.hosts.map((host) => host.name);
};

describe('processes that change the store at once', () => {
  it('lose nothing', async () => {
    const path = join(tempFolder(), 'driftline.json');
    const ended = await Promise.all(Array.from({ length: PROCESSES }, (_, i) => start(path, `p${i}-`, CHANGES).ended));
    expect(ended.flatMap((each) => each.notices)).toEqual([]);
    expect(namesIn(path)).toHaveLength(PROCESSES * CHANGES);
  });

  it('killed while saving leave a whole document with everything that was reported saved', async () => {
    const folder = tempFolder();
    const path = join(folder, 'driftline.json');
    const reported: string[] = [];
    for (let i = 0; i < KILLS; i++) {
      const victim = start(path, `k${i}-`, 1000);
      victim.kill(1 + (i % 4));
      const { saved, notices } = await victim.ended;
      reported.push(...saved);
      expect(notices).toEqual([]);
      expect(namesIn(path)).toEqual(expect.arrayContaining(reported));
    }
    await start(path, 'last-', 1).ended;
    expect(readdirSync(folder)).toEqual(['driftline.json', 'driftline.json.good']);
  });
});
