import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { driftline, DRIFTLINE_RSYNC, run } from '../support/run.ts';
import { stockRsync } from '../support/routes.ts';
import { build, dir, file, manifest } from '../support/trees.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-copy-as-'));
  chmodSync(folder, 0o711);
  build(
    join(folder, 'src'),
    dir({ open: file('1'), closed: file('2', { mode: 0o600 }), sub: dir({ deep: file('3') }) }),
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What a run with these words leaves in a folder anybody may write to. */
async function into(name: string, client: 'ours' | 'stock', args: string[]) {
  const place = join(folder, name);
  mkdirSync(place);
  chmodSync(place, 0o777);
  const words = [...args, `${join(folder, 'src')}/`, place];
  const env = { DRIFTLINE_HOME: join(folder, 'driftline') };
  const outcome = await (client === 'ours' ? driftline(['rsync', ...words], { env }) : run(stockRsync('3.5'), words));
  const tree = manifest(place);
  tree.delete('.');
  return { code: outcome.code, complains: outcome.stderr !== '', tree: [...tree] };
}

describe.runIf(process.getuid?.() === 0)('--copy-as', () => {
  it.each(['nobody', 'nobody:daemon', 'nobody:1', '65534', 'nosuch', 'nobody:nosuch', 'nobody:', ':daemon'])(
    '%s copies as rsync does',
    async (user) => {
      const args = ['-a', `--copy-as=${user}`];
      expect(await into('ours', 'ours', args)).toEqual(await into('stock', 'stock', args));
    },
  );

  it('reaches a server that is told so', async () => {
    const pipe = `sh -c 'shift; exec sh -c "$*"' sh`;
    const args = ['-a', '-e', pipe, `--rsync-path=${DRIFTLINE_RSYNC}`, '-M--copy-as=nobody'];
    const place = join(folder, 'far');
    mkdirSync(place);
    chmodSync(place, 0o777);
    await run(stockRsync('3.5'), [...args, `${join(folder, 'src')}/sub`, `host:${place}`]);
    expect(manifest(place).get('sub/deep')).toContain(' 65534:65534 ');
  });
});

describe('--copy-as for somebody who is not root', () => {
  it.runIf(process.getuid?.() === 0)('is refused by name', async () => {
    const words = `${DRIFTLINE_RSYNC} --copy-as=daemon ${folder}/src/open ${folder}/dst`;
    const outcome = await run('setpriv', ['--reuid=65534', '--clear-groups', 'sh', '-c', words]);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('--copy-as');
  });
});
