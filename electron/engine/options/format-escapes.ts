/**
 * An escape of an output format: apostrophes, a width, apostrophes and a letter. Of a width rsync takes 23 characters;
 * where more follow there is no escape, and what follows is read anew.
 */
export const FORMAT_ESCAPE = /%('*)(-\d{0,22}|\d{0,23})('*)([a-zA-Z%])/g;

/** Whether an output format has this escape, with any width. */
export function formatHas(format: string, escape: string): boolean {
  for (const [, , , , letter] of format.matchAll(FORMAT_ESCAPE)) if (letter === escape) return true;
  return false;
}
