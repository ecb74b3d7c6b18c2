const UNITS = 'BKMGTP';

/**
 * Reads a size as rsync writes them: a number, with an optional fraction, an optional unit (`K` = `KiB` = 1024,
 * `KB` = 1000, up to `P`, any case) and an optional `+1` or `-1`.
 * @param defaultUnit the unit of a number without one
 * @returns bytes, negative or above the safe integers where the text says so, or null if the text is no such size
 */
export function parseSize(text: string, defaultUnit = 'B'): number | null {
  const match = /^(-?\d*(?:\.\d*)?)(?:([bkmgtp])(ib|b)?)?([+-]1)?$/i.exec(text);
  if (match === null) return null;
  const [, digits, unit = defaultUnit, form = '', step = '0'] = match;
  const power = UNITS.indexOf(unit.toUpperCase());
  if (power === 0 && form !== '') return null;
  const base = form.toLowerCase() === 'b' ? 1000 : 1024;
  const number = Number(/^-?\.?$/.test(digits!) ? 0 : digits);
  if (number === 0 && digits!.startsWith('-')) return null;
  return Math.trunc(number * base ** power) + Number(step);
}

/**
 * Reads an integer as rsync's option library does: decimal, `0x` hexadecimal or `0` octal; empty means 0.
 * @returns null if the text is no integer
 */
export function parseInteger(text: string): number | null {
  const match = /^\s*([+-]?)(0x[0-9a-f]+|0[0-7]*|[1-9]\d*)?$/i.exec(text);
  if (match === null || (match[1] !== '' && match[2] === undefined)) return null;
  const digits = match[2] ?? '0';
  const magnitude = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return match[1] === '-' ? -magnitude : magnitude;
}
