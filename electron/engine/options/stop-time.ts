const FORMS = /^(?:(?:(?:(\d+)[-/])?(\d+)[-/])?(\d+)(?:T(?:(\d+):(\d+))?)?|T?(\d+):(\d+)|:(\d+))$/;

/** Periods looked at: every 29 February lies within eight years of any day. */
const MOST_STEPS = 48;

/**
 * When `--stop-at` says to stop: `y-m-dTh:m` in local time, from which parts may be missing. What is missing is filled
 * in so that the result is the next such moment.
 * @param now milliseconds since 1970
 * @returns milliseconds since 1970 (perhaps in the past, if the date is complete), or null if the text is no such time
 */
export function parseStopAt(text: string, now: number): number | null {
  const match = FORMS.exec(text);
  if (match === null) return null;
  const part = (...groups: number[]): number | null => {
    const found = groups.map((group) => match[group]).find((digits) => digits !== undefined);
    return found === undefined ? null : Number(found);
  };
  const year = part(1);
  const month = part(2);
  const day = part(3);
  const hour = part(4, 6);
  const minute = part(5, 7, 8);
  const within = (number: number | null, low: number, high: number) =>
    number === null || (number >= low && number <= high);
  if (!within(month, 1, 12) || !within(day, 1, 31) || !within(hour, 0, 23) || !within(minute, 0, 59)) return null;

  const today = new Date(now);
  const base = {
    year: today.getFullYear(),
    month: month ?? today.getMonth() + 1,
    day: day ?? today.getDate(),
    hour: hour ?? (day === null ? today.getHours() : 0),
  };
  // Two digits are a year of this century.
  if (year !== null) base.year = year < 100 ? Math.floor(base.year / 100) * 100 + year : year;
  // What comes after the largest part given repeats: a day every month, an hour every day.
  const repeats = month !== null ? 'year' : day !== null ? 'month' : hour !== null ? 'day' : 'hour';
  for (let step = 0; step < MOST_STEPS; step++) {
    const by = (unit: string) => (year === null && unit === repeats ? step : 0);
    const first = new Date(base.year + by('year'), base.month - 1 + by('month'), 1);
    const last = new Date(first.getFullYear(), first.getMonth() + 1, 0).getDate();
    const exists = base.day <= last;
    if (exists) {
      const at = new Date(
        first.getFullYear(),
        first.getMonth(),
        base.day + by('day'),
        base.hour + by('hour'),
        minute ?? 0,
      ).getTime();
      if (year !== null || at > now) return at;
    } else if (year !== null) return null;
  }
  return null;
}
