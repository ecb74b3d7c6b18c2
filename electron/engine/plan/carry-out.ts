import { fail, toErrorData } from '../../../shared/errors.ts';
import { bytesToText, displayPath, type ByteString } from '../../../shared/model/path.ts';
import type { PlanItem } from '../../../shared/plan-codec.ts';
import type { TransferStats } from '../events.ts';
import type { FilterRule } from '../filter/rule.ts';
import type { Stat } from '../fs/fs.ts';
import { nodeSourceFs } from '../fs/node-fs.ts';
import { openRoot } from '../fs/root.ts';
import { localPeer, runTransfer, type TransferHooks, type TransferRequest } from '../index.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import { setWhatCanBe } from '../roles/attributes.ts';
import { countDeletion, noDeletions } from '../roles/delete-stats.ts';
import { destinationArgument, sourceArguments, type MirrorJob } from './job.ts';
import { folderTree, plannedTree } from './planned-tree.ts';
import { kindOf, parentOf } from './planner.ts';
import { turn } from './listing.ts';
import { withServerWords } from './server-words.ts';

export interface CarriedOut {
  stats: TransferStats;
  exitCode: number;
  issueCount: number;
}

/**
 * Carries out a plan: transfers first, restricted to its items, then its deletions, and those only after a transfer
 * without errors (design §5). Folders that stand where a file is to go are emptied before, since the transfer needs it.
 */
export async function carryOut(job: MirrorJob, items: readonly PlanItem[], hooks: TransferHooks): Promise<CarriedOut> {
  let issueCount = 0;
  let serverWords = 0;
  let transferIssues = 0;
  const counting = withServerWords({
    ...hooks,
    onEvent: (event) => {
      if (event.type === 'issue') {
        // What counts of the server's words is in the exit code already.
        if (event.issue.code === 'server-failure') serverWords++;
        // A notice, as rsync's own: the exit code stays 0 and the deletions go on.
        else if (event.issue.code !== 'skipped-non-regular') issueCount++;
      }
      hooks.onEvent(event);
    },
  });
  const place = job.direction === 'push' ? null : placeOf(nodeSourceFs.stat(job.destination));
  const deletions = items.filter((item) => item.action === 'delete');
  const { maxDelete } = job.options;
  if (maxDelete !== null && deletions.length > maxDelete) {
    throw fail('guard', 'max-delete', `The plan deletes ${deletions.length} entries; the profile allows ${maxDelete}`, {
      hint: 'Untick deletions in a preview, or raise the limit in the profile.',
    });
  }
  const transfers = items.filter((item) => item.action !== 'delete');
  // A folder that something else replaces goes first, with its contents: the item cannot be made otherwise.
  const byName = new Map(transfers.map((item) => [item.name, item]));
  const replaced = new Map<ByteString, PlanItem>();
  const before: PlanItem[] = [];
  const after: PlanItem[] = [];
  for (const item of deletions) {
    const taker = replacementOf(item.name, byName);
    if (taker) replaced.set(taker.name, taker);
    (taker ? before : after).push(item);
  }
  // Not counted as deletions: the preview shows them as updates.
  for (const item of replaced.values()) before.push({ ...item, kind: 'dir', action: 'delete', reason: 'type' });
  const deleted = noDeletions();
  let removed = 0;
  if (before.length > 0) removed = await remove(job, before, counting, deleted, place);

  let stats: TransferStats | null = null;
  let exitCode = 0;
  if (transfers.length > 0) {
    const issuesBefore = issueCount;
    const result = await runTransfer(transferRequest(job, transfers, hooks.signal), counting);
    transferIssues = issueCount - issuesBefore;
    stats = result.stats;
    exitCode = result.exitCode;
  }
  if (after.length > 0) {
    if (exitCode === 0 && transferIssues === 0)
      removed = Math.max(removed, await remove(job, after, counting, deleted, place));
    else notDeletedAtAll(counting, 'The transfer was not free of errors', after.length);
  }
  exitCode = Math.max(exitCode, removed);
  if (exitCode === 0 && issueCount > 0) exitCode = 23;
  const [regular, dirs, links, devices, specials] = deleted.wire;
  const total = regular + dirs + links + devices + specials;
  return {
    stats: { ...(stats ?? NO_STATS), deleted: { total, regular, dirs, links, devices, specials } },
    exitCode,
    issueCount: issueCount + serverWords,
  };
}

/** The planned item that is not a folder and takes the place of a folder above `name`. */
function replacementOf(name: ByteString, transfers: ReadonlyMap<ByteString, PlanItem>): PlanItem | null {
  for (let dir = parentOf(name); dir !== ''; dir = parentOf(dir)) {
    const item = transfers.get(dir);
    if (item && item.kind !== 'dir') return item;
  }
  return null;
}

function transferRequest(job: MirrorJob, transfers: readonly PlanItem[], signal: AbortSignal): TransferRequest {
  const options: TransferOptions = {
    ...job.options,
    deleteMode: 'none',
    incRecurse: false,
    // The plan was pruned; the folders of its items alone may look empty.
    pruneEmptyDirs: job.direction === 'push' ? false : job.options.pruneEmptyDirs,
  };
  const common = { options, journalDir: job.journalDir, sources: sourceArguments(job) };
  if (job.direction === 'push') {
    return {
      ...common,
      direction: 'push',
      destination: destinationArgument(job),
      startPeer: job.startPeer,
      local: false,
      tree: (conn, fs) => plannedTree(conn, fs, job, transfers),
    };
  }
  return {
    ...common,
    direction: 'pull',
    destination: destinationArgument(job),
    startPeer: job.direction === 'local' ? localPeer(job.journalDir, signal) : job.startPeer,
    local: job.direction === 'local',
    planned: new Map(transfers.map((item) => [item.name, item])),
  };
}

/** @returns the exit code of the session that did it, 0 where none was needed */
async function remove(
  job: MirrorJob,
  items: readonly PlanItem[],
  hooks: TransferHooks,
  deleted: ReturnType<typeof noDeletions>,
  place: string | null,
): Promise<number> {
  hooks.onEvent({ type: 'phase', phase: 'deleting' });
  if (job.direction === 'push') return removeRemotely(job, items, hooks, deleted);
  await removeLocally(job, items, hooks, deleted, place);
  return 0;
}

const MODE_OF: Record<PlanItem['kind'], number> = {
  file: 0o100000,
  dir: 0o040000,
  link: 0o120000,
  device: 0o020000,
  special: 0o010000,
};

/**
 * A second rsync session over just the folders concerned: one risk rule per planned name, then everything protected.
 * What appeared there since the preview matches no risk rule and stays.
 */
async function removeRemotely(
  job: MirrorJob,
  items: readonly PlanItem[],
  hooks: TransferHooks,
  deleted: ReturnType<typeof noDeletions>,
): Promise<number> {
  const planned = new Map(items.map((item) => [item.name, item]));
  const folders = new Set<ByteString>();
  for (const { name } of items) if (!planned.has(parentOf(name))) folders.add(parentOf(name));
  const filters: FilterRule[] = items.map((item) => rule(true, `/${escapePattern(item.name)}`));
  filters.push(rule(false, '*'));
  const options: TransferOptions = {
    ...job.options,
    perms: false,
    owner: false,
    group: false,
    devices: false,
    specials: false,
    checksum: false,
    pruneEmptyDirs: false,
    deleteMode: 'during',
    // The plan keeps within the limit as a whole, or nothing of it is carried out.
    maxDelete: null,
    incRecurse: false,
    filters,
  };
  const gone = new Set<ByteString>();
  const result = await runTransfer(
    {
      options,
      direction: 'push',
      sources: sourceArguments(job),
      destination: destinationArgument(job),
      startPeer: job.startPeer,
      local: false,
      journalDir: null,
      tree: (_conn, fs) => folderTree(fs, job, folders),
    },
    {
      ...hooks,
      onEvent: (event) => {
        if (event.type === 'deleted') {
          gone.add(event.name);
          const item = planned.get(event.name);
          if (item && item.reason !== 'type') countDeletion(deleted, MODE_OF[item.kind]);
        }
        // Folder times that the session sets again are not news.
        if (event.type !== 'item' && event.type !== 'progress' && event.type !== 'phase') hooks.onEvent(event);
      },
    },
  );
  for (const { name } of items)
    if (!gone.has(name))
      notDeleted(hooks, name, 'it changed since the preview, or holds something that was not planned');
  return result.exitCode;
}

/** On this machine: look again, then unlink or rmdir, contents first. */
async function removeLocally(
  job: MirrorJob,
  items: readonly PlanItem[],
  hooks: TransferHooks,
  deleted: ReturnType<typeof noDeletions>,
  place: string | null,
): Promise<void> {
  const root = openRoot(job.destination);
  try {
    // Another folder, or a link to one, may have come in its place while the transfer went on (faults.md X12).
    if (placeOf(root.dir('')?.lstat('.') ?? null) !== place) {
      notDeletedAtAll(hooks, 'Another folder has taken the place of the destination', items.length);
      return;
    }
    const touched = new Map<ByteString, { mtime: number; nsec: number }>();
    let count = 0;
    for (const item of items) {
      const parent = parentOf(item.name);
      const base = parent === '' ? item.name : item.name.slice(parent.length + 1);
      try {
        const dir = root.dir(parent);
        const stat = dir?.lstat(base) ?? null;
        if (!dir || !stat) continue;
        const same =
          kindOf(stat.mode) === item.kind &&
          (item.kind !== 'file' || (stat.size === item.destination?.size && stat.mtime === item.destination.mtime));
        if (!same) {
          notDeleted(hooks, item.name, 'it changed since the preview');
          continue;
        }
        const own = dir.lstat('.');
        if (own && !touched.has(parent)) touched.set(parent, { mtime: own.mtime, nsec: own.nsec });
        if (item.kind === 'dir') {
          dir.rmdir(base);
          root.forget(item.name);
          touched.delete(item.name);
        } else dir.unlink(base);
        if (item.reason !== 'type') countDeletion(deleted, stat.mode);
        hooks.onEvent({ type: 'deleted', name: item.name, isDir: item.kind === 'dir' });
      } catch (error) {
        notDeleted(hooks, item.name, toErrorData(error).message);
      }
      if (++count % 500 === 0) await turn(hooks);
    }
    // The folders that stay keep the times the transfer gave them.
    for (const [name, time] of touched) {
      const dir = root.dir(name);
      const refused = dir && setWhatCanBe(dir, '.', { mode: null, uid: null, gid: null, atime: null, ...time }, false);
      if (refused !== null) {
        const { message } = toErrorData(refused);
        hooks.onEvent({ type: 'issue', issue: { code: 'attributes-failed', name, message, ioError: 0 } });
      }
    }
  } finally {
    root.close();
  }
}

const placeOf = (stat: Stat | null): string | null => stat && `${stat.dev}:${stat.ino}`;

function notDeletedAtAll(hooks: TransferHooks, why: string, count: number): void {
  const message = `${why}, so none of the ${count} planned deletions was made`;
  hooks.onEvent({ type: 'issue', issue: { code: 'delete-skipped-io-error', name: '', message, ioError: 0 } });
}

function notDeleted(hooks: TransferHooks, name: ByteString, why: string): void {
  hooks.onEvent({
    type: 'issue',
    issue: {
      code: 'delete-failed',
      name,
      message: `${displayPath(bytesToText(name))} was not deleted: ${why}`,
      ioError: 0,
    },
  });
}

function rule(include: boolean, pattern: ByteString): FilterRule {
  return {
    ...{ kind: 'pattern', side: 'receiver', include, pattern },
    ...{ dirOnly: false, negate: false, absolute: false, perishable: false, xattr: false },
  };
}

/** A backslash means itself only in patterns without wildcards (reference §5.7). */
function escapePattern(name: ByteString): ByteString {
  return /[*?[]/.test(name) ? name.replace(/[\\*?[]/g, '\\$&') : name;
}

const NO_KINDS = { total: 0, regular: 0, dirs: 0, links: 0, devices: 0, specials: 0 };
const NO_STATS: TransferStats = {
  files: NO_KINDS,
  created: NO_KINDS,
  deleted: NO_KINDS,
  transferred: 0,
  totalSize: 0,
  transferredSize: 0,
  literal: 0,
  matched: 0,
  flistBytes: 0,
  flistBuildMs: 0,
  flistXferMs: 0,
  sent: 0,
  received: 0,
};
