/** How rsync prints numbers, by level: 0 plain, 1 with separators, 2 units of 1000, 3 units of 1024. */

const UNITS = ['K', 'M', 'G', 'T', 'P'];

function withUnit(value: number, level: number): string | null {
  const base = level === 2 ? 1000 : 1024;
  if (level < 2 || Math.abs(value) < base) return null;
  let scaled = value / base;
  let unit = 0;
  for (; Math.abs(scaled) >= base && unit < UNITS.length - 1; unit++) scaled /= base;
  return `${scaled.toFixed(2)}${UNITS[unit]!}`;
}

/** A number with thousands separators, from level 1 on. */
export function commaNumber(value: number, level: number, digits = 0): string {
  const text = value.toFixed(digits);
  return level === 0 ? text : text.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ',');
}

/** A size or rate; with a unit from level 2 on. */
export function humanNumber(value: number, level: number, digits = 0): string {
  return withUnit(value, level) ?? commaNumber(value, level, digits);
}
