/**
 * Every test suite is one project: `npx vitest run --config build/vitest.config.mjs --project interop [file]`.
 * `npm test` (build/run-tests.mjs) runs them all.
 */
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { ROOT } from './peers.mjs';
import { wat } from './wat.mjs';

/**
 * @param {string} name
 * @param {string[]} include
 * @param {Partial<import('vitest/node').ProjectConfig>} [more]
 */
const project = (name, include, more = {}) => ({
  extends: /** @type {const} */ (true),
  test: { name, include, environment: 'node', ...more },
});

// A slow machine with two cores must pass too: the limits end a hang, they judge no speed.
const withPeers = { testTimeout: 120_000, hookTimeout: 120_000 };
// Hundreds of real processes of others race with ours; what fails once and then passes is listed as retried.
const withManyPeers = { ...withPeers, retry: 1 };

export default defineConfig({
  root: ROOT,
  plugins: [wat()],
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 20_000,
    projects: [
      project('unit', ['shared/**/*.test.ts', 'electron/**/*.test.ts', 'build/**/*.test.ts', 'test/bench/*.test.ts']),
      {
        ...project('renderer', ['renderer/**/*.test.ts']),
        plugins: [svelte({ configFile: false })],
        // Svelte's package offers its server half to Node; runes and mount() are in the other.
        resolve: { conditions: ['browser'] },
      },
      project('wire', ['test/wire/**/*.test.ts']),
      project('pair', ['test/pair/**/*.test.ts']),
      // The heap is small and the time short for whoever takes more of them than a hostile peer may make it take.
      project('hostile', ['test/hostile/**/*.test.ts'], {
        execArgv: ['--max-old-space-size=256'],
        testTimeout: 10_000,
      }),
      project('interop', ['test/interop/**/*.test.ts'], withManyPeers),
      project('differential', ['test/differential/**/*.test.ts'], withManyPeers),
      project('service', ['test/service/**/*.test.ts'], withPeers),
      project('e2e', ['test/e2e/**/*.test.ts'], withPeers),
      // Waits for real time-outs and kills at many moments: `npm run test:faults`, never part of `npm test`.
      project('faults', ['test/faults/**/*.test.ts'], { testTimeout: 900_000, hookTimeout: 120_000 }),
    ],
  },
});
