import { Linter } from 'eslint';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { layersPlugin } from './eslint-layers.mjs';
import { ROOT } from './peers.mjs';

const layers = [
  {
    target: ['electron/service'],
    from: ['electron/engine'],
    except: ['electron/engine/index.ts'],
    why: 'ask the pool',
  },
];

function lint(file: string, code: string): string[] {
  const config = { files: ['**/*.ts'], plugins: { own: layersPlugin(layers) }, rules: { 'own/layers': 2 as const } };
  const linter = new Linter({ cwd: ROOT });
  return linter.verify(code, [config], join(ROOT, file)).map(({ message }) => message);
}

describe('the layer rule', () => {
  const refused = ['electron/service/a/b.ts must not import electron/engine/wire/reader.ts: ask the pool'];

  it.each([
    "import { x } from '../../engine/wire/reader.ts'; x();",
    "export { x } from '../../engine/wire/reader.ts';",
    "export * from '../../engine/wire/reader.ts';",
    "export const load = () => import('../../engine/wire/reader.ts');",
  ])('refuses %s', (code) => {
    expect(lint('electron/service/a/b.ts', code)).toEqual(refused);
  });

  it.each([
    "import { x } from '../../engine/index.ts'; x();",
    "import { x } from '../engine.ts'; x();",
    "import { x } from 'node:fs'; x();",
  ])('allows %s', (code) => {
    expect(lint('electron/service/a/b.ts', code)).toEqual([]);
  });

  it('says nothing about other folders', () => {
    expect(lint('electron/worker/b.ts', "import '../engine/wire/reader.ts';")).toEqual([]);
  });
});
