/** Lets sources import WebAssembly text: `import bytes from './search.wat'` gives the assembled module's bytes. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

/** @returns {import('vite').Plugin} */
export const wat = () => ({
  name: 'wat',
  // Before everybody who would take the file for an asset.
  enforce: 'pre',
  async load(id) {
    if (!id.endsWith('.wat')) return null;
    this.addWatchFile(id);
    const { default: loadAssembler } = await import('wabt');
    const { parseWat } = await loadAssembler();
    // Throws with the line and the reason.
    const module = parseWat(basename(id), await readFile(id, 'utf8'), { simd: true });
    module.resolveNames();
    module.validate();
    const text = Buffer.from(module.toBinary({}).buffer).toString('base64');
    module.destroy();
    return { code: `export default Uint8Array.from(Buffer.from('${text}', 'base64'));`, moduleType: 'js', map: null };
  },
});
