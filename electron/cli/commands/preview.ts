import { formatBytes, plural } from '../../../shared/format.ts';
import type { CliValue } from '../../../shared/model/cli.ts';
import { displayPath } from '../../../shared/model/path.ts';
import type { PlanRow } from '../../../shared/model/preview.ts';
import { adviseThrown } from './advice.ts';
import { readWords } from './arguments.ts';
import { byName, type CommandContext } from './context.ts';
import { ProgressLine } from './progress-line.ts';
import { COMMANDS } from './table.ts';

const PAGE = 500;

/** Shows what a run would do, as `rsync -n -i` would, and counts it. Changes nothing. */
export async function preview(words: readonly string[], context: CommandContext): Promise<CliValue<'preview'>> {
  const { positionals } = readWords(words, COMMANDS.preview);
  const { service, print, notice, signal } = context;
  const profile = byName('profile', service.profiles.list(), positionals[0]!);
  const line = new ProgressLine();
  try {
    const summary = await service.previews.create(profile.id, (progress) => line.show(progress), signal);
    line.clear();
    const rows: PlanRow[] = [];
    for (let total = 1, seen = 0; seen < total;) {
      const page = await service.previews.rows(summary.planId, {
        offset: seen,
        limit: PAGE,
        actions: [],
        search: '',
      });
      total = page.total;
      if (page.rows.length === 0) break;
      seen += page.rows.length;
      for (const row of page.rows) {
        // What only the destination has and the profile does not delete is no part of what a run would do.
        if (!row.ticked) continue;
        rows.push(row);
        print(`${row.itemized} ${displayPath(row.path)}${row.kind === 'dir' && !row.path.endsWith('/') ? '/' : ''}`);
      }
    }
    const { counts, warnings } = summary.choice;
    const parts = [
      `${counts.create} to create`,
      `${counts.update} to update`,
      `${counts.attributes} with new attributes`,
      `${counts.delete} to delete`,
      `${counts.unchanged} unchanged`,
    ];
    print(
      `${rows.length > 0 ? '\n' : ''}${parts.join(', ')}; ${formatBytes(counts.transferSize)} of content to transfer.`,
    );
    for (const warning of warnings) notice(displayPath(warning.message));
    if (summary.issueCount > 0) notice(`${plural(summary.issueCount, 'entry', 'entries')} could not be listed`);
    return { summary, rows };
  } catch (error) {
    throw adviseThrown(error, service.hosts.list());
  } finally {
    line.clear();
  }
}
