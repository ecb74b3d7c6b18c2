/**
 * Two lint rules on our own imports, which are all relative and name the file in full, so that resolving one is
 * joining two paths: `layers` (who may import whom) and `no-cycle`.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { ROOT } from './peers.mjs';

/**
 * @typedef {object} Layer nothing in `target` imports from `from`, save what `except` names; folders or files
 * @property {string[]} target
 * @property {string[]} from
 * @property {string[]} [except]
 * @property {string} why
 */

/**
 * @param {string} file an importing file, from the root
 * @param {string} specifier
 * @returns {string | null} the imported file, from the root; null for packages
 */
function resolve(file, specifier) {
  return specifier.startsWith('.') ? join(dirname(file), specifier).split(sep).join('/') : null;
}

const lies = (/** @type {string} */ file, /** @type {string[]} */ places) =>
  places.some((place) => file === place || file.startsWith(`${place}/`));

const fromRoot = (/** @type {string} */ file) => relative(ROOT, file).split(sep).join('/');

/**
 * Calls `visit` for every import, whatever its form.
 *
 * @param {(node: import('estree').Literal, specifier: string) => void} visit
 */
function onImports(visit) {
  /** @param {{ source?: import('estree').Expression | null }} node */
  const check = ({ source }) => {
    if (source?.type === 'Literal' && typeof source.value === 'string') visit(source, source.value);
  };
  return {
    ImportDeclaration: check,
    ExportNamedDeclaration: check,
    ExportAllDeclaration: check,
    ImportExpression: check,
  };
}

/** @param {Layer[]} layers */
const layersRule = (layers) => ({
  /** @param {import('eslint').Rule.RuleContext} context */
  create(context) {
    const file = fromRoot(context.filename);
    const own = layers.filter(({ target }) => lies(file, target));
    return onImports((node, specifier) => {
      const imported = resolve(file, specifier);
      if (imported === null) return;
      for (const { from, except = [], target, why } of own) {
        if (lies(imported, from) && !lies(imported, except) && !lies(imported, target)) {
          context.report({ node, message: `${file} must not import ${imported}: ${why}` });
        }
      }
    });
  },
});

/** Imports that exist at run time: types are erased, and a lazy `import()` is the way out of a cycle. */
const IMPORT = /^\s*(?:import|export)\s+(?!type\b)(?:[^'";]*?\bfrom\s+)?['"](\.[^'"]+)['"]/gm;

/** @type {Map<string, string[]> | null} */
let graph = null;

/** @returns {Map<string, string[]>} every module of ours → what it imports at run time */
function moduleGraph() {
  graph ??= new Map(
    ['shared', 'electron', 'renderer', 'test']
      .filter((folder) => existsSync(join(ROOT, folder)))
      .flatMap((folder) =>
        readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
      )
      .filter((file) => /\.(ts|svelte)$/.test(file))
      .map((file) => {
        const text = readFileSync(join(ROOT, file), 'utf8');
        return [file, [...text.matchAll(IMPORT)].map((match) => resolve(file, match[1] ?? '') ?? '')];
      }),
  );
  return graph;
}

/**
 * @param {string} start
 * @param {string} goal
 * @returns {string[] | null} the shortest way along imports from one module to the other
 */
function path(start, goal) {
  const ways = [[start]];
  const seen = new Set([start]);
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    const last = way.at(-1) ?? '';
    if (last === goal) return way;
    for (const next of moduleGraph().get(last) ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return null;
}

const noCycleRule = {
  /** @param {import('eslint').Rule.RuleContext} context */
  create(context) {
    const file = fromRoot(context.filename);
    return onImports((node, specifier) => {
      const imported = resolve(file, specifier);
      // Asked of the graph, so that an `import type` is not taken for an import.
      if (imported === null || !moduleGraph().get(file)?.includes(imported)) return;
      const back = path(imported, file);
      if (back !== null) context.report({ node, message: `import cycle: ${[file, ...back].join(' → ')}` });
    });
  },
};

/**
 * @param {Layer[]} layers
 * @returns {import('eslint').ESLint.Plugin}
 */
export const layersPlugin = (layers) => ({ rules: { layers: layersRule(layers), 'no-cycle': noCycleRule } });
