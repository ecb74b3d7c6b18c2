/**
 * Lint rules. The layer rules (who may import whom) are the project's architecture: each one says why it is there.
 * Generated from one table, LAYERS; tests are exempt, because they look inside.
 */
import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import { defineConfig, globalIgnores } from 'eslint/config';
import ts from 'typescript-eslint';
import { layersPlugin } from './eslint-layers.mjs';
import { securityRules } from './eslint-security.mjs';
import { ROOT } from './peers.mjs';

const SHELLS = ['main', 'browser', 'cli', 'preload'].map((name) => `electron/${name}`);
const PURE = ['wire', 'checksum', 'delta', 'filter'];
const engine = (/** @type {string[]} */ ...names) => names.map((name) => `electron/engine/${name}`);

/** @type {import('./eslint-layers.mjs').Layer[]} */
const LAYERS = [
  {
    target: ['shared'],
    from: ['electron', 'renderer', 'test', 'build'],
    why: 'shared/ is what every side agrees on: it runs anywhere and imports no side.',
  },
  {
    target: ['electron', 'renderer'],
    from: ['test', 'build'],
    except: ['build/icons'],
    why: 'what is shipped does not depend on tests or build scripts.',
  },
  {
    target: engine(...PURE),
    from: engine('flist', 'handshake', 'compress', 'plan', 'roles', 'fs', 'transport', 'session.ts', 'index.ts'),
    why: 'codecs, sums, matching and rules are pure: bytes in, values out, testable without a disk or a peer.',
  },
  {
    target: engine('flist', 'handshake', 'compress'),
    from: engine('plan', 'roles', 'transport', 'fs', 'session.ts', 'index.ts'),
    except: ['electron/engine/fs/fs.ts', 'electron/engine/transport/transport.ts'],
    why: 'lists and negotiation know the fs and transport interfaces, never an implementation or a role.',
  },
  {
    // plan/carry-out.ts and plan/preview.ts start transfers, so they stand above the session.
    target: engine('roles', 'plan/decide.ts', 'plan/planner.ts', 'plan/planned-tree.ts'),
    from: engine('fs', 'transport', 'session.ts', 'index.ts'),
    except: ['electron/engine/fs/fs.ts', 'electron/engine/transport/transport.ts'],
    why: 'roles work on any file system and any byte stream: they get both as interfaces.',
  },
  {
    target: ['electron/engine'],
    from: ['electron/worker', 'electron/service', ...SHELLS, 'renderer'],
    why: 'the engine is a plain Node library: nothing above it may leak in.',
  },
  {
    target: ['electron/worker'],
    from: ['electron/service', ...SHELLS, 'renderer'],
    why: 'a worker is told what to do by messages; it never reaches up to who started it.',
  },
  {
    target: ['electron/service'],
    from: ['electron/engine', 'electron/worker', ...SHELLS, 'renderer'],
    except: [
      'electron/worker/pool.ts',
      'electron/worker/messages.ts',
      'electron/worker/demo-thread.ts',
      'electron/engine/index.ts',
      // Text in, values out: what a profile's options mean is the parser's to say, before anything is saved.
      'electron/engine/options/profile-options.ts',
      'electron/engine/options/command-words.ts',
      'electron/engine/own-user.ts',
    ],
    why: 'the service starts runs through the worker pool and knows neither engine internals nor the shell around it; of the engine it reads options and rules alone.',
  },
  {
    target: ['electron/main'],
    from: ['electron/engine', 'electron/browser', 'electron/cli', 'renderer'],
    why: 'the Electron shell hosts the service; bulk work stays in workers.',
  },
  {
    target: ['electron/browser'],
    from: ['electron/engine', 'electron/main', 'electron/cli', 'renderer'],
    why: 'the browser shell hosts the service; bulk work stays in workers.',
  },
  {
    target: ['electron/cli'],
    from: [
      ...engine(...PURE, 'flist', 'plan', 'roles', 'session.ts'),
      'electron/engine/fs',
      'electron/engine/handshake',
      'electron/main',
      'renderer',
    ],
    except: [
      'electron/engine/fs/sweep.ts',
      'electron/engine/fs/named-path.ts',
      'electron/engine/handshake/server-args.ts',
    ],
    why: 'the command line enters the engine by its doors (index, serve), its options and its transports.',
  },
  {
    target: ['electron/preload'],
    from: [
      'electron/engine',
      'electron/worker',
      'electron/service',
      'electron/main',
      'electron/browser',
      'electron/cli',
    ],
    why: 'the preload script builds window.driftline from the contract and nothing else.',
  },
  {
    target: ['renderer'],
    from: ['electron'],
    why: 'the renderer knows the typed API of shared/ipc and nothing of Node or Electron.',
  },
  {
    target: ['renderer/ui'],
    from: ['renderer/features', 'renderer/views', 'renderer/lib/state'],
    why: 'ui/ has no domain words: features use it, never the other way round.',
  },
  {
    target: ['renderer/features'],
    from: ['renderer/views'],
    why: 'views compose features.',
  },
];

const NO_ELECTRON = {
  name: 'electron',
  message:
    'Only the Electron shell (electron/main, electron/preload) runs inside Electron; elsewhere this import starts a download.',
};
const NO_SSH2 = {
  name: 'ssh2',
  message: 'ssh2 is one transport among others: only electron/engine/transport knows it.',
};
const NO_NODE = { group: ['node:*'], message: 'This code also runs where there is no Node.' };

const ALL_TS = ['**/*.ts', '**/*.svelte.ts'];
const TESTS = ['**/*.test.ts', 'test/**'];

export default defineConfig(
  globalIgnores(['dist/', 'release/', 'node_modules/', 'build/anywhere.d.ts']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  ts.configs.recommended,
  svelte.configs.recommended,
  {
    plugins: { driftline: layersPlugin(LAYERS) },
    rules: {
      'driftline/layers': 'error',
      'driftline/no-cycle': 'error',
      'no-restricted-imports': ['error', { paths: [NO_ELECTRON, NO_SSH2] }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': 'allow-with-description' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      eqeqeq: ['error', 'smart'],
      'no-console': 'off',
      'no-control-regex': 'error',
    },
  },
  {
    files: ALL_TS,
    ignores: ['renderer/**'],
    languageOptions: { parserOptions: { project: ['./tsconfig.json'], tsconfigRootDir: ROOT } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['renderer/**/*.svelte', 'renderer/**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'] } },
    // svelte-check finds these with types.
    rules: {
      'no-undef': 'off',
      // Large lists are plain collections behind a version counter: a proxy per entry would cost more than it shows.
      'svelte/prefer-svelte-reactivity': 'off',
    },
  },
  {
    files: ALL_TS,
    rules: { 'no-undef': 'off' },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        ['process', 'console', 'URL', 'performance', 'Buffer', 'Response'].map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: { sourceType: 'commonjs' },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    files: ['shared/**', 'renderer/**'],
    rules: { 'no-restricted-imports': ['error', { paths: [NO_ELECTRON, NO_SSH2], patterns: [NO_NODE] }] },
  },
  {
    files: ['renderer/**'],
    ignores: ['renderer/lib/backend-electron.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'window', property: 'driftline', message: 'lib/backend-electron.ts is the only door to the API.' },
        {
          object: 'globalThis',
          property: 'driftline',
          message: 'lib/backend-electron.ts is the only door to the API.',
        },
      ],
    },
  },
  {
    files: ['electron/main/**', 'electron/preload/**'],
    rules: { 'no-restricted-imports': ['error', { paths: [NO_SSH2] }] },
  },
  {
    files: ['electron/engine/transport/**'],
    rules: { 'no-restricted-imports': ['error', { paths: [NO_ELECTRON] }] },
  },
  ...securityRules,
  {
    files: TESTS,
    rules: { 'driftline/layers': 'off', 'no-restricted-imports': 'off' },
  },
);
