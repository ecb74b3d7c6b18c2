import { joinPath, type ByteString } from '../../../shared/model/path.ts';
import type { PlanCounts } from '../../../shared/model/preview.ts';
import { createFileSum, loadChecksums } from '../checksum/strong.ts';
import { NO_PROGRESS } from '../events.ts';
import { FilterChain } from '../filter/chain.ts';
import { entryName, type FileEntry } from '../flist/entry.ts';
import { IdMapper, localNames, type ReceivedNames } from '../flist/id-map.ts';
import { pruneEmptyDirs } from '../flist/prune.ts';
import { markDuplicates, sortEntries } from '../flist/sort.ts';
import { nodeSourceFs } from '../fs/node-fs.ts';
import type { TransferHooks } from '../index.ts';
import { changeMode } from '../options/chmod.ts';
import { ARCHIVE, DEFAULT_OPTIONS, type TransferOptions } from '../options/transfer-options.ts';
import { localAbilities } from '../roles/attributes.ts';
import { sumFile } from '../roles/list-sum.ts';
import { isDir, isLink } from '../wire/constants.ts';
import type { ReceiverAbilities } from './decide.ts';
import { folderNames, type FolderLister, mirroredFolder, sourceArguments, type MirrorJob } from './job.ts';
import { LIST_SUM, listFolder, listLocal, listRemote, type SideListing } from './listing.ts';
import { makePlan, rebase, type Listing } from './planner.ts';

export interface PreviewResult {
  /** The plan, as shared/plan-codec.ts has it. */
  plan: Uint8Array;
  counts: PlanCounts;
  /** Entries of the source that could not be listed; any disables deletion. */
  sourceIssues: number;
  /** The same for the destination. */
  destinationIssues: number;
}

/** With fewer entries at the source, a thread that lists the destination would cost more than it saves. */
const LARGE = 20_000;

/**
 * Lists both sides and compares them; changes nothing.
 * @param extras whether what only the destination has is listed although the job does not delete it
 * @throws DriftlineError when a side cannot be listed at all
 */
export async function previewTransfer(job: MirrorJob, hooks: TransferHooks, extras = false): Promise<PreviewResult> {
  if (job.options.checksum) await loadChecksums([LIST_SUM]);
  const issues = { source: 0, destination: 0 };
  const listed = { source: NO_PROGRESS, destination: NO_PROGRESS };
  const count = (side: 'source' | 'destination'): TransferHooks => ({
    ...hooks,
    onEvent: (event) => {
      if (event.type === 'issue' && event.issue.code !== 'server-failure') issues[side]++;
      // The sessions that list are one phase of this, whatever they are in themselves.
      if (event.type === 'phase' && event.phase !== 'connecting') return;
      if (event.type !== 'progress') return hooks.onEvent(event);
      listed[side] = event;
      const filesTotal = listed.source.filesTotal + listed.destination.filesTotal;
      hooks.onEvent({ ...event, filesTotal, bytesTotal: listed.source.bytesTotal + listed.destination.bytesTotal });
    },
  });
  hooks.onEvent({ type: 'phase', phase: 'listing' });
  const [source, destination] = await listBoth(job, count('source'), count('destination'));
  hooks.onEvent({ type: 'phase', phase: 'comparing' });
  settleSource(job, source.entries);
  const wanted = extras || job.options.deleteMode !== 'none';
  const { rows, counts } = makePlan(
    toListing(source, job.options, hooks),
    toListing(destination, job.options, hooks),
    job.options,
    abilitiesFor(job, source.names, destination.names),
    wanted && issues.source === 0 && issues.destination === 0,
  );
  return { plan: rows.finish(), counts, sourceIssues: issues.source, destinationIssues: issues.destination };
}

/** Lists the source, then the destination: beside a large source, where somebody else does the work. */
async function listBoth(
  job: MirrorJob,
  sourceHooks: TransferHooks,
  destinationHooks: TransferHooks,
): Promise<[SideListing, SideListing]> {
  const args = sourceArguments(job);
  if (job.direction === 'pull') {
    const source = await listRemote(job, args, job.options, sourceHooks, true);
    return [source, await listDestination(job, destinationHooks)];
  }
  const { listApart } = job;
  const given = new AbortController();
  let beside: Promise<SideListing> | null = null;
  const onEvent: TransferHooks['onEvent'] = (event) => {
    sourceHooks.onEvent(event);
    if (beside !== null || event.type !== 'progress' || event.filesTotal < LARGE) return;
    if (job.direction === 'local' && listApart === undefined) return;
    const signal = AbortSignal.any([destinationHooks.signal, given.signal]);
    beside = listDestination(job, { ...destinationHooks, signal }, listApart);
    beside.catch(() => undefined); // it is awaited later, or given up
  };
  let source: SideListing;
  try {
    source = await listLocal(args, job.options, { ...sourceHooks, onEvent });
  } catch (error) {
    given.abort();
    throw error;
  }
  return [source, await (beside ?? listDestination(job, destinationHooks))];
}

/** What stands at the destination where the sources' folders go: names from the destination, in list order. */
async function listDestination(
  job: MirrorJob,
  hooks: TransferHooks,
  list: FolderLister = listFolder,
): Promise<SideListing> {
  const options: TransferOptions = { ...DEFAULT_OPTIONS, ...ARCHIVE, ...listingOf(job.options) };
  const entries: FileEntry[] = [];
  const users = new Map<number, ByteString>();
  const groups = new Map<number, ByteString>();
  for (const folder of folderNames(job)) {
    const argument = `${mirroredFolder(job, folder)}/`;
    const found =
      job.direction === 'push'
        ? await listRemote(job, [argument], options, hooks, false)
        : { entries: await list(argument, hooks), names: NO_NAMES };
    rebase(found.entries, folder);
    for (const entry of found.entries) entries.push(entry);
    for (const [id, name] of found.names.users) users.set(id, name);
    for (const [id, name] of found.names.groups) groups.set(id, name);
  }
  if (folderNames(job).length > 1) sortEntries(entries);
  const pathOf =
    job.direction === 'push'
      ? null
      : (entry: FileEntry) =>
          entry.base === '.' ? mirroredFolder(job, '') : joinPath(mirroredFolder(job, ''), entryName(entry));
  return { entries, names: { users, groups }, pathOf };
}

/** Ids of this machine stand for themselves. */
const NO_NAMES: ReceivedNames = { users: new Map(), groups: new Map() };

/** What of the options decides how a destination is listed: how to connect, and what is told of each entry. */
const listingOf = ({ rsyncPath, rsh, timeout, checksum, numericIds, bwlimit, ipVersion }: TransferOptions) => ({
  ...{ rsyncPath, rsh, timeout, checksum, numericIds, bwlimit, ipVersion },
});

/** What happens to a source's list on its way: modes by `--chmod`, names that several folders have, empty folders. */
function settleSource({ direction, options }: MirrorJob, entries: FileEntry[]): void {
  if (options.chmod.length > 0) {
    for (const entry of entries) {
      if (!isLink(entry.mode)) entry.mode = changeMode(entry.mode, isDir(entry.mode), options.chmod);
    }
  }
  if (direction === 'pull') return; // the list session did the rest
  markDuplicates(entries);
  if (!options.pruneEmptyDirs) return;
  const chain = new FilterChain(options.filters, 'receiver', '/', { deleteExcluded: options.deleteExcluded });
  pruneEmptyDirs(entries, (dir) => !chain.isEmpty && chain.check(dir, true) === 'exclude');
}

function toListing(listing: SideListing, options: TransferOptions, hooks: TransferHooks): Listing {
  const { pathOf } = listing;
  const sum = options.checksum && pathOf !== null ? createFileSum(LIST_SUM) : null;
  return {
    entries: listing.entries,
    sum: (entry) => {
      if (entry.extra?.sum !== undefined) return entry.extra.sum;
      if (sum === null || pathOf === null) return null;
      try {
        const file = nodeSourceFs.openRead(pathOf(entry), { follow: options.copyLinks || options.copyUnsafeLinks });
        try {
          return sumFile(file, sum, hooks.poll);
        } finally {
          file.close();
        }
      } catch {
        hooks.poll?.();
        return null;
      }
    },
  };
}

/**
 * What the receiving side of the job can set. For a server, owners count only when we log in as root there (it would
 * ignore them otherwise), and ids are compared by name through the names its listing told.
 */
function abilitiesFor(job: MirrorJob, source: ReceivedNames, destination: ReceivedNames): ReceiverAbilities {
  const { options } = job;
  if (job.direction !== 'push') {
    const local = job.direction === 'local';
    const mapper = new IdMapper(
      source,
      options.numericIds || local,
      process.getuid?.() === 0,
      process.getgroups?.() ?? [],
    );
    return localAbilities(options, () => mapper);
  }
  const isRoot = options.superUser ?? job.remoteUser === 'root';
  const names = localNames();
  const remoteUsers = invert(destination.users);
  const remoteGroups = invert(destination.groups);
  const map = (id: number, name: ByteString | null, remote: Map<ByteString, number>): number =>
    options.numericIds || id === 0 || name === null ? id : (remote.get(name) ?? id);
  return {
    isRoot,
    uidFor: (entry) => (options.owner && isRoot ? map(entry.uid, names.user(entry.uid), remoteUsers) : null),
    gidFor: (entry) => (options.group && isRoot ? map(entry.gid, names.group(entry.gid), remoteGroups) : null),
  };
}

function invert(names: ReadonlyMap<number, ByteString>): Map<ByteString, number> {
  return new Map([...names].map(([id, name]) => [name, id]));
}
