import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DriftlineError, type ErrorData } from '../../../shared/errors.ts';
import { parseRsyncArgs } from './parse-args.ts';

function failure(run: () => unknown): ErrorData {
  try {
    run();
  } catch (error) {
    if (error instanceof DriftlineError) return error.data;
    throw error;
  }
  throw new Error('did not fail');
}

describe('parseRsyncArgs', () => {
  it('tells a client from a server and a question', () => {
    expect(parseRsyncArgs(['-a', 'x', 'h:y'], {})).toMatchObject({
      mode: 'client',
      sources: ['x'],
      dest: 'h:y',
      options: { rsh: null },
    });
    expect(parseRsyncArgs(['--server', '-r', '.', 'x'], {})).toMatchObject({
      mode: 'server',
      sender: false,
      args: ['x'],
    });
    expect(parseRsyncArgs(['--help'], {})).toEqual({ mode: 'help' });
    expect(parseRsyncArgs(['-h'], {})).toEqual({ mode: 'help' });
    expect(parseRsyncArgs(['-aV', 'x'], {})).toEqual({ mode: 'version' });
    expect(failure(() => parseRsyncArgs(['-a'], {}))).toMatchObject({ code: 'missing-source', exitCode: 1 });
  });

  it("takes options before --server, which --rsync-path put there, for a server's", () => {
    expect(parseRsyncArgs(['--fake-super', '--log-file', '--server', '-r', 'x', 'y'], {}).mode).toBe('client');
    expect(parseRsyncArgs(['-r', '--', 'x', '--server'], {}).mode).toBe('client');
    expect(parseRsyncArgs(['--temp-dir', '/t', '--fake-super', '--server', '-r', '--', '.', '-x'], {})).toMatchObject({
      ...{ mode: 'server', args: ['-x'], options: { recursive: true, fakeSuper: true, tempDir: '/t' } },
    });
  });

  it('lists when there is no destination', () => {
    expect(parseRsyncArgs(['h:x'], {})).toMatchObject({ dest: null, options: { listOnly: true, dirs: true } });
    expect(parseRsyncArgs(['-r', 'x'], {})).toMatchObject({ dest: null, options: { listOnly: true, dirs: false } });
  });

  it('takes the remote shell from the environment unless named', () => {
    expect(parseRsyncArgs(['a', 'h:b'], { RSYNC_RSH: 'ssh -4' })).toMatchObject({ options: { rsh: 'ssh -4' } });
    expect(parseRsyncArgs(['-e', 'ssh -6', 'a', 'h:b'], { RSYNC_RSH: 'ssh -4' })).toMatchObject({
      options: { rsh: 'ssh -6' },
    });
  });

  it('reads rule files as bytes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'driftline-rules-'));
    try {
      const file = join(folder, 'rules');
      writeFileSync(file, Buffer.from('\xff*\n+ b\n', 'latin1'));
      const command = parseRsyncArgs([`--exclude-from=${file}`, 'a', 'b'], {});
      expect(command).toMatchObject({
        options: {
          filters: [
            { include: false, pattern: '\xff*' },
            { include: true, pattern: 'b' },
          ],
        },
      });
      expect(failure(() => parseRsyncArgs([`--exclude-from=${folder}/none`, 'a', 'b'], {}))).toMatchObject({
        code: 'rule-file',
        exitCode: 11,
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
