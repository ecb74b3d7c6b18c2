import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serve } from './serve.ts';
import { createServedPair } from './transport/local.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-serve-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(['--log-file', '--copy-as'])('%s is refused where clients may not have it', async (option) => {
  const { client, server } = createServedPair();
  const value = join(folder, 'log');
  const words = ['--server', '-re.iLsfxCIvu', `${option}=${value}`, '.', join(folder, 'dst')];
  const code = await serve(server, words, { journalDir: null });
  const said = (client.stderr!.read() as Buffer | null)?.toString();
  client.close();
  expect({ code, said }).toEqual({ code: 4, said: `driftline: ${option} is not supported here\n` });
  expect(existsSync(value)).toBe(false);
});
