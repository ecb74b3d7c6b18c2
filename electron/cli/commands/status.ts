import { fail } from '../../../shared/errors.ts';
import { formatDateTime } from '../../../shared/format.ts';
import { copyAge, directionOf, formatAgo, freshness } from '../../../shared/freshness.ts';
import type { CliValue, ProfileStatus } from '../../../shared/model/cli.ts';
import { displayPath } from '../../../shared/model/path.ts';
import type { Profile } from '../../../shared/model/profile.ts';
import type { RunSnapshot } from '../../../shared/model/run.ts';
import type { RunHolder } from '../../service/run-locks.ts';
import { type Style, styleFor } from '../style.ts';
import { folded } from '../text.ts';
import { readWords } from './arguments.ts';
import { byName, type CommandContext } from './context.ts';
import { describe } from './profile-fields.ts';
import { COMMANDS } from './table.ts';

const EXIT: Readonly<Record<ProfileStatus['level'], number>> = { ok: 0, warning: 23, critical: 4 };
const RANK = ['critical', 'warning', 'ok'] as const;

/** How all profiles are, or one; the exit code is the worst of them. */
export function showStatus(
  words: readonly string[],
  { service, print }: CommandContext,
): { value: CliValue<'status'>; exitCode: number } {
  const { values, positionals } = readWords(words, COMMANDS.status);
  const maxAge = values['max-age'] === undefined ? null : readAge(values['max-age']);
  const all = service.profiles.list();
  const wanted = positionals[0] === undefined ? all : [byName('profile', all, positionals[0])];
  const running = service.runs.everywhere();
  const past = service.runs.list();
  const now = Date.now();
  const found = wanted.map((profile) => statusOf(profile, past, running, maxAge, now));
  const sorted = RANK.flatMap((rank) => found.filter(({ level }) => level === rank));
  if (all.length === 0) print('No profile is saved. “driftline profile add --help” shows how.');
  const style = styleFor(process.stdout);
  const width = Math.max(0, ...sorted.map(({ name }) => displayPath(name).length));
  for (const each of sorted) for (const line of statusLines(each, width, style, now)) print(line);
  return { value: sorted, exitCode: EXIT[sorted[0]?.level ?? 'ok'] };
}

/** Profiles with what they do and how fresh their copies are. */
export function listWithFreshness(words: readonly string[], { service, print }: CommandContext): Profile[] {
  readWords(words, COMMANDS.list);
  const profiles = service.profiles.list();
  const hosts = service.hosts.list();
  const style = styleFor(process.stdout);
  const running = service.runs.everywhere();
  const past = service.runs.list();
  const now = Date.now();
  if (profiles.length === 0) print('No profile is saved. “driftline profile add --help” shows how.');
  for (const profile of profiles) {
    print(style.bold(displayPath(profile.name)));
    print(`  ${describe(profile, hosts)}`);
    const status = statusOf(profile, past, running, null, now);
    print(`  ${colour(style, status)(displayPath(status.text))}`);
  }
  return profiles;
}

/** @param maxAge in milliseconds; null: nothing is overdue */
export function statusOf(
  profile: Profile,
  past: readonly RunSnapshot[],
  running: readonly RunHolder[],
  maxAge: number | null,
  now: number,
): ProfileStatus {
  const { id, name, lastRun } = profile;
  const copy = past.find(({ profileId, result }) => profileId === id && result?.outcome === 'success');
  const copiedAt = lastRun?.outcome === 'success' ? lastRun.endedAt : (copy?.result?.endedAt ?? null);
  const holder = running.find(({ profileId }) => profileId === id);
  const overdue = maxAge !== null && (copiedAt === null || now - copiedAt > maxAge);
  const fresh = freshness(lastRun, copiedAt, directionOf(profile), now);
  const troubled = fresh.outcome === 'failed' || fresh.outcome === 'needs-attention';
  const well = fresh.outcome === 'success' || fresh.outcome === 'never';
  return {
    profileId: id,
    name,
    level: overdue ? 'critical' : holder !== undefined || well ? 'ok' : troubled ? 'critical' : 'warning',
    outcome: holder === undefined ? fresh.outcome : 'running',
    text:
      holder === undefined
        ? fresh.text
        : `Running, started ${formatAgo(holder.startedAt, now)} (process ${holder.pid})`,
    reason: holder === undefined ? fresh.reason : null,
    overdue,
    copiedAt,
    running: holder === undefined ? null : { pid: holder.pid, host: holder.host, since: holder.startedAt },
    lastRun,
  };
}

/** @param width of the column of names */
export function statusLines(status: ProfileStatus, width: number, style: Style, now: number): string[] {
  const { name, text, reason, overdue, copiedAt } = status;
  const indent = ''.padEnd(width + 2);
  const lines = [`${displayPath(name).padEnd(width)}  ${colour(style, status)(displayPath(text))}`];
  if (reason !== null) lines.push(folded(displayPath(reason), process.stdout, indent));
  if (overdue) {
    const on = copiedAt === null ? '' : `, on ${formatDateTime(copiedAt)}`;
    lines.push(folded(`Overdue: ${copyAge(copiedAt, now)}${on}`, process.stdout, indent));
  }
  return lines;
}

function colour(style: Style, { level, outcome }: ProfileStatus): (text: string) => string {
  if (outcome === 'running') return style.bold;
  if (level === 'ok') return outcome === 'success' ? style.good : style.dim;
  return level === 'warning' ? style.warning : style.bad;
}

const UNITS: Readonly<Record<string, number>> = { min: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90min`, `26h`, `3d` → milliseconds. @throws usage `bad-age` */
export function readAge(text: string): number {
  const [, count, unit] = /^(\d{1,5})(min|h|d)$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) {
    throw fail('usage', 'bad-age', `“${displayPath(text)}” is no age.`, {
      hint: 'Give minutes, hours or days: 90min, 26h, 3d.',
    });
  }
  return Number(count) * UNITS[unit]!;
}
