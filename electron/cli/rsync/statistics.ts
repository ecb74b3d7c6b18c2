import type { TransferStats } from '../../engine/events.ts';
import { commaNumber, humanNumber } from './numbers.ts';

const KINDS = [
  ['reg', 'regular'],
  ['dir', 'dirs'],
  ['link', 'links'],
  ['dev', 'devices'],
  ['special', 'specials'],
] as const;

/**
 * The lines of `--stats`.
 * @param level of human-readable numbers
 * @param protocol what is new is counted since 29, deletions since 31
 */
export function statisticsLines(stats: TransferStats, level: number, protocol: number): string[] {
  const counts = (title: string, of: TransferStats['files']): string => {
    const shown = KINDS.filter(([, kind]) => of[kind] > 0).map(
      ([name, kind]) => `${name}: ${commaNumber(of[kind], level)}`,
    );
    return `${title}: ${commaNumber(of.total, level)}${shown.length > 0 ? ` (${shown.join(', ')})` : ''}`;
  };
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(3)} seconds`;
  const size = (bytes: number): string => humanNumber(bytes, level);
  return [
    counts('Number of files', stats.files),
    ...(protocol >= 29 ? [counts('Number of created files', stats.created)] : []),
    ...(protocol >= 31 ? [counts('Number of deleted files', stats.deleted)] : []),
    `Number of regular files transferred: ${commaNumber(stats.transferred, level)}`,
    `Total file size: ${size(stats.totalSize)} bytes`,
    `Total transferred file size: ${size(stats.transferredSize)} bytes`,
    `Literal data: ${size(stats.literal)} bytes`,
    `Matched data: ${size(stats.matched)} bytes`,
    `File list size: ${size(stats.flistBytes)}`,
    ...(stats.flistBuildMs > 0
      ? [
          `File list generation time: ${seconds(stats.flistBuildMs)}`,
          `File list transfer time: ${seconds(stats.flistXferMs)}`,
        ]
      : []),
    `Total bytes sent: ${size(stats.sent)}`,
    `Total bytes received: ${size(stats.received)}`,
  ];
}

interface Ending {
  /** Of human-readable numbers. */
  level: number;
  /** When the run began and ended, in milliseconds. */
  started: number;
  ended: number;
  /** What is said of a run that changed nothing: "DRY RUN", or ''. */
  only: string;
}

/** The two lines at the end of a verbose run. */
export function summaryLines(stats: TransferStats, { level, started, ended, only }: Ending): [string, string] {
  const bytes = stats.sent + stats.received;
  // rsync counts whole seconds and adds half of one.
  const seconds = Math.max(0, Math.floor(ended / 1000) - Math.floor(started / 1000)) + 0.5;
  const speedup = bytes === 0 ? 0 : stats.totalSize / bytes;
  const sent = `sent ${humanNumber(stats.sent, level)} bytes  received ${humanNumber(stats.received, level)} bytes`;
  const total = `total size is ${humanNumber(stats.totalSize, level)}  speedup is ${commaNumber(speedup, level, 2)}`;
  return [`${sent}  ${humanNumber(bytes / seconds, level, 2)} bytes/sec`, total + (only && ` (${only})`)];
}

/** The last line of a log file of a run that was not verbose. */
export function shortSummary({
  sent,
  received,
  totalSize,
}: Pick<TransferStats, 'sent' | 'received' | 'totalSize'>): string {
  return `sent ${sent} bytes  received ${received} bytes  total size ${totalSize}`;
}
