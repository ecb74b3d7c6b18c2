import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peers } from '../support/peers.ts';
import { CLI, run, type Outcome } from '../support/run.ts';
import { build, differences, dir, file, manifest, randomBytes, type Node } from '../support/trees.ts';

/** What every way of writing leaves where the disk is full or refuses it, by rsync and by Driftline. */
const START = Date.now() - 1000;
const USER = 12_345;
const as = ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'];

let folder: string;
let source: string;
let place: string;
let destination: string;
beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'driftline-faults-'));
  fs.chmodSync(folder, 0o777);
  [source, place] = [join(folder, 'source'), join(folder, 'place')];
  destination = join(place, 'dst');
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Runs both from the same start; what is left, the exit code and whether anything is said must agree. */
async function compare(words: string[], prepare: () => void, prefix: string[]): Promise<Outcome> {
  const args = ['-ai', ...words.map((word) => word.replaceAll('PLACE', place)), `${source}/`, `${destination}/`];
  const env = { HOME: join(folder, 'home'), DRIFTLINE_HOME: join(folder, 'home') };
  const results = [];
  for (const program of [[peers().rsync], [process.execPath, CLI, 'rsync']]) {
    prepare();
    const [first, ...rest] = [...prefix, ...program, ...args];
    const outcome = await run(first!, rest, { env });
    results.push({ outcome, tree: manifest(place, { since: START }) });
  }
  const [reference, result] = results as [(typeof results)[0], (typeof results)[0]];
  expect(differences(reference.tree, result.tree)).toEqual([]);
  expect(result.outcome.code).toBe(reference.outcome.code);
  expect(result.outcome.stderr === '', result.outcome.stderr).toBe(reference.outcome.stderr === '');
  return result.outcome;
}

describe.runIf(process.getuid?.() === 0 && process.platform === 'linux')('writing', () => {
  describe('on a full disk', () => {
    const unmount = (): void => {
      if (fs.existsSync(destination)) execFileSync('umount', [place]);
    };
    beforeAll(() => build(source, dir({ a: file('first'), f: file({ size: 3_000_000, seed: 3 }), z: file('last') })));
    afterAll(() => {
      unmount();
      fs.rmSync(source, { recursive: true });
    });

    it.each([
      '',
      '--partial',
      '--partial --backup',
      '--partial-dir=.part',
      '--inplace',
      '--append',
      '--delay-updates',
      '--preallocate',
      '-S',
      '--temp-dir=PLACE --fsync',
    ])('with --no-whole-file %s', async (words) => {
      const outcome = await compare(
        `--no-whole-file ${words}`.trim().split(' '),
        () => {
          unmount();
          fs.mkdirSync(place, { recursive: true });
          execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', place]);
          build(destination, dir({ f: file('old', { mode: 0o600 }) }));
        },
        [],
      );
      expect(outcome.code).toBe(11);
      expect(outcome.stderr).toContain('the disk is full');
    });
  });

  describe('without privileges', () => {
    const big = randomBytes(300_000, 4);
    const mine = { uid: USER, gid: USER };
    const tree = (): Node =>
      dir(
        {
          readonly: file(Buffer.concat([big, Buffer.from('x')]), { mode: 0o444, ...mine }),
          foreign: file('old', { mode: 0o644 }),
          closed: dir({ f: file('old', mine) }, { mode: 0o555, ...mine }),
        },
        mine,
      );
    beforeAll(() =>
      build(
        source,
        dir({
          readonly: file(big),
          foreign: file('new here'),
          closed: dir({ f: file('new here') }),
          new: file('new'),
        }),
      ),
    );

    it.each([
      '--inplace --no-whole-file',
      '--inplace -W',
      '--inplace --backup --exclude=foreign',
      '--append',
      '--partial-dir=.part',
      '--delay-updates',
      '--temp-dir=PLACE/closed',
      '--temp-dir=PLACE/temp',
    ])('with %s', async (words) => {
      const prepare = (): void => {
        fs.rmSync(place, { recursive: true, force: true });
        build(place, dir({ dst: tree(), temp: dir({}, mine), closed: dir({}, { mode: 0o555, ...mine }) }));
      };
      await compare(words.split(' '), prepare, as);
    });

    it('a partial folder that cannot be made: nothing is put in place, and nothing is success', async () => {
      fs.rmSync(place, { recursive: true, force: true });
      build(place, dir({ dst: tree(), secret: dir({}, { mode: 0o700 }) }));
      const before = manifest(join(place, 'dst'));
      const args = ['-a', '--exclude=closed', '--delay-updates', `--partial-dir=${place}/secret/part`];
      const [first, ...rest] = [...as, process.execPath, CLI, 'rsync', ...args, `${source}/`, `${destination}/`];
      const outcome = await run(first!, rest, { env: { HOME: folder, DRIFTLINE_HOME: join(folder, 'home') } });
      expect(outcome.code).toBe(23);
      const after = manifest(join(place, 'dst'));
      for (const each of [before, after]) each.delete('.');
      expect(differences(before, after)).toEqual([]);
    });
  });
});
