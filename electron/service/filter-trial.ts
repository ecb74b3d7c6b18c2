import { fail } from '../../shared/errors.ts';
import type { FilterTrial } from '../../shared/model/filter-trial.ts';
import type { PathText } from '../../shared/model/path.ts';
import type { SourcePlace } from '../../shared/model/profile.ts';
import { checkFilters } from '../engine/options/profile-options.ts';
import { QUIET, type WorkerPool } from '../worker/pool.ts';
import { cancellable } from './preview-service.ts';
import { checkLocal } from './profile-service.ts';

/**
 * Tells what filter rules leave out of a local source.
 * @throws DriftlineError `usage`: `source-on-host`, and those of `checkLocal` and `checkFilters`; `fs`/`source-missing`
 */
export async function tryFilters(
  pool: WorkerPool,
  { source, contentsOnly, filters }: { source: SourcePlace; contentsOnly: boolean; filters: string[] },
  signal: AbortSignal,
): Promise<FilterTrial> {
  if (source.kind !== 'local') {
    throw fail('usage', 'source-on-host', 'The source is on a server.', {
      hint: 'The preview shows what the rules leave out.',
    });
  }
  for (const path of source.paths) checkLocal(path);
  checkFilters(filters);
  const sources = source.paths.map((path) => (contentsOnly ? path.replace(/\/?$/, '/') : path) as PathText);
  const outcome = await cancellable(pool.start({ kind: 'try-filters', sources, rules: filters }, QUIET), signal);
  if (outcome.kind !== 'filters-tried') throw fail('internal', 'unexpected-outcome', 'The rules could not be tried.');
  return outcome.trial;
}
