/** `node --import …/register.mjs dist/main.js`: resolves `electron` to the harness instead of Electron's package. */
import { register } from 'node:module';

const harness = new URL('../../../dist/electron-harness.js', import.meta.url).href;
const hooks = `
  export async function resolve(specifier, context, next) {
    if (specifier === 'electron') return { url: ${JSON.stringify(harness)}, format: 'module', shortCircuit: true };
    return next(specifier, context);
  }`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
