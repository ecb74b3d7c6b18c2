import { formatBytes, formatEta, formatRate } from '../../../shared/format.ts';
import { displayPath } from '../../../shared/model/path.ts';
import type { RunProgress } from '../../../shared/model/run.ts';

/** One line on a terminal's standard error that is written over and over; nothing elsewhere. */
export class ProgressLine {
  #shown = false;

  show(progress: RunProgress): void {
    if (!process.stderr.isTTY) return;
    const width = Math.max(20, (process.stderr.columns || 80) - 1);
    process.stderr.write(`\r\x1b[K${progressText(progress).slice(0, width)}`);
    this.#shown = true;
  }

  clear(): void {
    if (this.#shown) process.stderr.write('\r\x1b[K');
    this.#shown = false;
  }
}

/** What goes on, in one line of plain text. */
export function progressText(progress: RunProgress): string {
  const { phase, filesDone, filesTotal, bytesDone, bytesTotal, rate, etaSeconds, listComplete, name } = progress;
  const more = listComplete ? '' : '+';
  if (phase !== 'transferring' && phase !== 'deleting')
    return `${phase} … ${filesTotal > 0 ? `${filesTotal}${more} entries` : ''}`;
  const parts = [
    `${filesDone}/${filesTotal}${more} files`,
    `${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}${more}`,
    formatRate(rate),
    ...(etaSeconds !== null && listComplete ? [`${formatEta(etaSeconds)} left`] : []),
    displayPath(name),
  ];
  return parts.filter(Boolean).join('  ');
}
