/** The three vite configurations that build.mjs runs; nothing is read from other configuration files. */
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { join } from 'node:path';
import { ROOT } from './peers.mjs';
import { wat } from './wat.mjs';

/** @typedef {Record<string, string>} Entries name in the output → source file */
/** @typedef {import('vite').InlineConfig} Config */

/** How long each plugin took says nothing about our sources. */
const CHECKS = { bundlerTimings: false };

/**
 * @param {string} outDir
 * @returns {Config}
 */
const common = (outDir) => ({
  configFile: false,
  root: ROOT,
  logLevel: 'warn',
  clearScreen: false,
  publicDir: false,
  build: { outDir, emptyOutDir: false, reportCompressedSize: false },
});

/**
 * ES modules for Node ≥ 20.19. Packages stay outside (they are dependencies of the package); our own modules are split
 * into chunks at dynamic imports, so that `driftline rsync` never reads the service or the browser shell. Chunks lie
 * beside the entries: `new URL('./transfer-worker.js', import.meta.url)` is right in all of them.
 *
 * @param {Entries} entries
 * @param {string} outDir
 * @returns {Config}
 */
export function nodeConfig(entries, outDir) {
  const base = common(outDir);
  return {
    ...base,
    plugins: [wat()],
    build: {
      ...base.build,
      ssr: true,
      target: 'node20',
      sourcemap: true,
      minify: false,
      rolldownOptions: {
        checks: CHECKS,
        input: entries,
        external: (id) =>
          /^(node:|@?[a-z])/.test(id) && !/^[a-z]:[\\/]/i.test(id) && !Object.values(entries).includes(id),
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunk-[name].js' },
      },
    },
  };
}

/** Packages with compiled parts, or with large tables that few runs need: `driftline rsync` reads them where they lie. */
const KEPT_OUT = new Set(['iconv-lite', 'keytar', 'koffi']);

/**
 * A compiled addon stays in its package.
 *
 * @type {import('vite').Plugin}
 */
const ADDONS = {
  name: 'addons',
  enforce: 'pre',
  resolveId(name, importer) {
    if (!name.endsWith('.node') || importer === undefined) return null;
    const [, inPackages] = join(importer, '..', name).split('/node_modules/');
    return inPackages === undefined ? null : { id: inPackages, external: true };
  },
};

/** Of ssh2, what a client that runs commands never uses, by file; its reading would be a tenth of a start. */
const UNUSED_OF_SSH2 = {
  'ssh2/lib/http-agents.js': 'module.exports = {};',
  'ssh2/lib/keygen.js': 'module.exports = {};',
  'ssh2/lib/server.js': 'module.exports = {};',
  'ssh2/lib/protocol/SFTP.js': 'module.exports = { SFTP: class {} };',
};
const POLY1305_LOAD = "POLY1305_WASM_MODULE = await require('./crypto/poly1305.js')();";

/** @type {import('vite').Plugin} */
const LEAN_SSH2 = {
  name: 'lean-ssh2',
  enforce: 'pre',
  // It chooses an order of ciphers, which ours replaces; and where it cannot be built, it is not there.
  resolveId: (name) => (name === 'cpu-features' ? '\0cpu-features' : null),
  load(id) {
    if (id === '\0cpu-features') return 'module.exports = () => null;';
    const path = id.replaceAll('\\', '/');
    return Object.entries(UNUSED_OF_SSH2).find(([file]) => path.endsWith(`/${file}`))?.[1] ?? null;
  },
  // Nothing is sent before this has been compiled, which is needed only where ssh2's addon is not there.
  transform(code, id) {
    if (!id.replaceAll('\\', '/').endsWith('/ssh2/lib/protocol/crypto.js')) return null;
    if (!code.includes(POLY1305_LOAD)) throw new Error('ssh2 loads poly1305 in another way now');
    return code.replace(POLY1305_LOAD, `if (binding) return resolve();\n${POLY1305_LOAD}`);
  },
};

/**
 * `driftline rsync` with all it needs as one CommonJS script, whose code V8 can keep (electron/cli/one-script.ts).
 * Read as modules, the same takes twice as long to start.
 *
 * @param {Entries} entries
 * @param {string} outDir
 * @returns {Config}
 */
export function scriptConfig(entries, outDir) {
  const base = common(outDir);
  return {
    ...base,
    plugins: [wat(), ADDONS, LEAN_SSH2],
    ssr: { noExternal: true, external: [...KEPT_OUT] },
    build: {
      ...base.build,
      ssr: true,
      target: 'node20',
      minify: false,
      rolldownOptions: {
        checks: CHECKS,
        input: entries,
        external: (id) => id.startsWith('node:') || KEPT_OUT.has(id),
        output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false, dynamicImportInCjs: false },
      },
    },
  };
}

/**
 * One CommonJS file: a sandboxed preload script can require nothing but `electron`.
 *
 * @param {Entries} entries
 * @param {string} outDir
 * @returns {Config}
 */
export function preloadConfig(entries, outDir) {
  const base = common(outDir);
  return {
    ...base,
    ssr: { noExternal: true, external: ['electron'] },
    build: {
      ...base.build,
      ssr: true,
      target: 'node22',
      minify: false,
      rolldownOptions: {
        checks: CHECKS,
        input: entries,
        external: ['electron'],
        output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false },
      },
    },
  };
}

/**
 * The window. Both shells serve it from the root of an origin under a policy without inline scripts, styles or data:
 * URLs for code, so nothing may be inlined into index.html.
 *
 * @param {Entries} entries
 * @param {string} outDir
 * @returns {Config}
 */
export function rendererConfig(entries, outDir) {
  const base = common(join(outDir, 'renderer'));
  return {
    ...base,
    root: join(ROOT, 'renderer'),
    base: './',
    plugins: [svelte({ configFile: false, compilerOptions: { css: 'external' } })],
    build: {
      ...base.build,
      emptyOutDir: true,
      target: 'chrome140',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rolldownOptions: { checks: CHECKS, input: Object.values(entries).map((file) => join(ROOT, file)) },
    },
  };
}
