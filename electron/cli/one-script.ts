import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Script } from 'node:vm';

/** Length of what names one build of a script and stands in front of it and of its code, in bytes. */
export const BUILD_ID = 16;

/**
 * Reads a CommonJS script that the build made of all its modules, together with what V8 made of it after the build
 * (`FILE.code`). Compiling takes more of a short run than all else; V8 itself refuses code of another version of it.
 *
 * The script has no `import()`: Node forgets how a script imports when its code is not compiled anew.
 *
 * @param file absolute path
 * @returns the script, for the build to take the code from, and its exports
 * @throws whatever the script throws when it is run, and what keeps it from being read
 */
export function runScript<T>(file: string): { script: Script; exports: T } {
  const source = readFileSync(file, 'latin1');
  const cachedData = codeOf(file, source);
  const script = new Script(source, { filename: file, ...(cachedData && { cachedData }) });
  const module = { exports: {} as T };
  const call = script.runInThisContext() as (...globals: unknown[]) => void;
  call(module.exports, createRequire(file), module, file, dirname(file));
  return { script, exports: module.exports };
}

/** V8 knows a script by its length alone, so the build says which one its code belongs to. */
function codeOf(file: string, source: string): Buffer | null {
  try {
    const code = readFileSync(`${file}.code`);
    return code.toString('latin1', 0, BUILD_ID) === source.slice(2, 2 + BUILD_ID) ? code.subarray(BUILD_ID) : null;
  } catch {
    return null;
  }
}
