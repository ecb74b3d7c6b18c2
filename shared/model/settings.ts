import * as v from 'valibot';

/** KiB a second, as rsync's `--bwlimit` counts; 0 = no limit. */
const Rate = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100_000_000));

/** A time of day on this computer's clock. */
const TimeOfDay = v.pipe(v.string(), v.regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time like 08:30'));

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof DAYS)[number];

/** A limit for a part of the week. `to` at or before `from` ends on the next day. */
export const BandwidthRule = v.strictObject({
  days: v.pipe(v.array(v.picklist(DAYS)), v.minLength(1, 'at least one day'), v.maxLength(7)),
  from: TimeOfDay,
  to: TimeOfDay,
  limit: Rate,
});
export type BandwidthRule = v.InferOutput<typeof BandwidthRule>;

/** The first rule that fits the moment decides, otherwise `limit`. */
export const Bandwidth = v.strictObject({
  limit: Rate,
  schedule: v.pipe(v.array(BandwidthRule), v.maxLength(50)),
});
export type Bandwidth = v.InferOutput<typeof Bandwidth>;

/** Warnings a person may switch off. Whatever warns of a deletion is not here, and never will be. */
export const SILENCEABLE_WARNINGS = ['no-tray'] as const;
export const SilenceableWarning = v.picklist(SILENCEABLE_WARNINGS);
export type SilenceableWarning = v.InferOutput<typeof SilenceableWarning>;

/** Some of the settings: what to change, or what was ever changed. */
export const SettingsChange = v.strictObject({
  theme: v.exactOptional(v.picklist(['system', 'light', 'dark'])),
  /** Runs at the same time; more wait for their turn. */
  parallelRuns: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(16))),
  /** When a success is told. A failure is always told. */
  notifySuccess: v.exactOptional(v.picklist(['unfocused', 'always', 'never'])),
  /** What closing the window does while there is a tray; null until a person was asked. */
  closeToTray: v.exactOptional(v.nullable(v.boolean())),
  /** Start with the session, in the background. */
  startAtLogin: v.exactOptional(v.boolean()),
  bandwidth: v.exactOptional(Bandwidth),
  /** How many finished runs are kept, and for how many days (0 = for ever). */
  history: v.exactOptional(
    v.strictObject({
      runs: v.pipe(v.number(), v.integer(), v.minValue(10), v.maxValue(100_000)),
      days: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(3650)),
    }),
  ),
  /** Warnings that are not shown any more. */
  silenced: v.exactOptional(v.pipe(v.array(SilenceableWarning), v.maxLength(SILENCEABLE_WARNINGS.length))),
});
export type SettingsChange = v.InferOutput<typeof SettingsChange>;

/** What a person chose for the application as a whole. */
export type Settings = Required<SettingsChange>;

export const DEFAULT_SETTINGS: Settings = {
  theme: 'system',
  parallelRuns: 2,
  notifySuccess: 'unfocused',
  closeToTray: null,
  startAtLogin: false,
  bandwidth: { limit: 0, schedule: [] },
  history: { runs: 1000, days: 0 },
  silenced: [],
};

/** The whole; what was never changed has its default. */
export const Settings = v.pipe(
  SettingsChange,
  v.transform((given): Settings => ({ ...DEFAULT_SETTINGS, ...given })),
);

/** The limit at a moment, in KiB a second; 0 = none. */
export function bandwidthAt({ limit, schedule }: Bandwidth, now: Date): number {
  const minute = now.getHours() * 60 + now.getMinutes();
  const today = dayOf(now, 0);
  const yesterday = dayOf(now, -1);
  for (const rule of schedule) {
    const from = minutes(rule.from);
    const to = minutes(rule.to);
    const fits =
      from < to
        ? rule.days.includes(today) && minute >= from && minute < to
        : (rule.days.includes(today) && minute >= from) || (rule.days.includes(yesterday) && minute < to);
    if (fits) return rule.limit;
  }
  return limit;
}

/** `Date.getDay` begins with Sunday. */
const dayOf = (date: Date, offset: number): Day => DAYS[(date.getDay() + 6 + offset + 7) % 7] ?? 'mon';

function minutes(time: string): number {
  const [hours = '0', rest = '0'] = time.split(':');
  return Number(hours) * 60 + Number(rest);
}
