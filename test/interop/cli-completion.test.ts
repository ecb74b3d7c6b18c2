import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CLI, driftline, run } from '../support/run.ts';

/** What a real bash offers after the line was typed; it cuts words as readline does. */
let folder: string;
let env: Record<string, string>;
let script: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-completion-'));
  for (const name of ['bin', 'home', 'work', 'work/src dir']) mkdirSync(join(folder, name), { recursive: true });
  const store = { hosts: [{ name: 'nas' }, { name: 'my nas' }], profiles: [{ name: 'photos' }, { name: 'my pics' }] };
  writeFileSync(join(folder, 'home/driftline.json'), JSON.stringify(store));
  writeFileSync(join(folder, 'bin/driftline'), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`);
  chmodSync(join(folder, 'bin/driftline'), 0o755);
  env = { PATH: `${join(folder, 'bin')}:${process.env['PATH']}`, DRIFTLINE_HOME: join(folder, 'home') };
  script = join(folder, 'completion.bash');
  writeFileSync(script, (await driftline(['completion', 'bash'], { env })).stdout);
});
afterAll(() => rmSync(folder, { recursive: true }));

const OFFER = `
source "$0"
COMP_LINE=$1 COMP_POINT=\${#1}
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_driftline
printf '%s\\n' "\${COMPREPLY[@]}"
`;

it.each<[line: string, words: string[], offered: string[]]>([
  ['driftline pro', ['pro'], ['profile']],
  ['driftline run ', ['run', ''], ['photos', 'my\\ pics']],
  ['driftline run my\\ p', ['run', 'my\\ p'], ['my\\ pics']],
  ['driftline run "my', ['run', '"my'], ['my pics']],
  ['driftline run photos --w', ['run', 'photos', '--w'], ['--wait']],
  ['driftline profile add x --dest n', ['profile', 'add', 'x', '--dest', 'n'], ['nas:']],
  ['driftline profile add x --dest=n', ['profile', 'add', 'x', '--dest', '=', 'n'], ['nas:']],
  ['driftline profile add x --dest nas:', ['profile', 'add', 'x', '--dest', 'nas', ':'], ['']],
  ['driftline profile add x --dest s', ['profile', 'add', 'x', '--dest', 's'], ['src dir']],
  ['driftline profile add x --dest my', ['profile', 'add', 'x', '--dest', 'my'], ['my\\ nas:']],
])('%s', async (line, words, offered) => {
  const args = ['-c', OFFER, script, line, 'driftline', ...words];
  const { stdout, stderr } = await run('bash', args, { env, cwd: join(folder, 'work') });
  expect([stdout.slice(0, -1).split('\n'), stderr]).toEqual([offered, '']);
});
