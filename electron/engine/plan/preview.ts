import { DriftlineError, fail } from '../../../shared/errors.ts';
import { joinPath, type ByteString } from '../../../shared/model/path.ts';
import type { PlanCounts } from '../../../shared/model/preview.ts';
import { createFileSum, loadChecksums } from '../checksum/strong.ts';
import { NO_PROGRESS, type EngineEvent } from '../events.ts';
import { FilterChain } from '../filter/chain.ts';
import { SenderFilters } from '../filter/sender-filters.ts';
import { entryName, type FileEntry } from '../flist/entry.ts';
import { IdMapper, localNames, type ReceivedNames } from '../flist/id-map.ts';
import { pruneEmptyDirs } from '../flist/prune.ts';
import { SourceScan } from '../flist/scan.ts';
import { markDuplicates, sortEntries } from '../flist/sort.ts';
import { nodeSourceFs } from '../fs/node-fs.ts';
import { runTransfer, type TransferHooks } from '../index.ts';
import { changeMode } from '../options/chmod.ts';
import { ARCHIVE, DEFAULT_OPTIONS, type TransferOptions } from '../options/transfer-options.ts';
import { localAbilities } from '../roles/attributes.ts';
import { sumFile } from '../roles/list-sum.ts';
import { PLAN_PROTOCOL_MIN, isDir, isLink, isReg } from '../wire/constants.ts';
import type { ReceiverAbilities } from './decide.ts';
import { folderNames, mirroredFolder, sourceArguments, type MirrorJob } from './job.ts';
import { makePlan, rebase, type Listing } from './planner.ts';
import { withServerWords } from './server-words.ts';

export interface PreviewResult {
  /** The plan, as shared/plan-codec.ts has it. */
  plan: Uint8Array;
  counts: PlanCounts;
  /** Entries of the source that could not be listed; any disables deletion. */
  sourceIssues: number;
  /** The same for the destination. */
  destinationIssues: number;
}

const PAUSE_EVERY = 2000;

/**
 * Lists both sides and compares them; changes nothing.
 * @param extras whether what only the destination has is listed although the job does not delete it
 * @throws DriftlineError when a side cannot be listed at all
 */
export async function previewTransfer(job: MirrorJob, hooks: TransferHooks, extras = false): Promise<PreviewResult> {
  if (job.options.checksum) await loadChecksums([LIST_SUM]);
  const issues = { source: 0, destination: 0 };
  const count = (side: 'source' | 'destination'): TransferHooks => ({
    ...hooks,
    onEvent: (event) => {
      if (event.type === 'issue' && event.issue.code !== 'server-failure') issues[side]++;
      // The sessions that list are one phase of this, whatever they are in themselves.
      const own = event.type === 'phase' && event.phase !== 'connecting';
      if (!own) hooks.onEvent(event);
    },
  });
  hooks.onEvent({ type: 'phase', phase: 'listing' });
  const source =
    job.direction === 'pull'
      ? await listRemote(job, sourceArguments(job), job.options, count('source'), true)
      : await listLocal(sourceArguments(job), job.options, count('source'));
  const destination = await listDestination(job, count('destination'));
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

interface SideListing {
  entries: FileEntry[];
  names: ReceivedNames;
  /** Local listings: where an entry lies, for sums. */
  pathOf: ((entry: FileEntry) => ByteString) | null;
}

/** What stands at the destination where the sources' folders go: names from the destination, in list order. */
async function listDestination(job: MirrorJob, hooks: TransferHooks): Promise<SideListing> {
  const options: TransferOptions = { ...DEFAULT_OPTIONS, ...ARCHIVE, ...listingOf(job.options) };
  const entries: FileEntry[] = [];
  const users = new Map<number, ByteString>();
  const groups = new Map<number, ByteString>();
  for (const folder of folderNames(job)) {
    const argument = `${mirroredFolder(job, folder)}/`;
    const found =
      job.direction === 'push'
        ? await listRemote(job, [argument], options, hooks, false)
        : await listLocal([argument], options, hooks, true);
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

/** The sum of both listings with `--checksum`: every server knows it. */
const LIST_SUM = 'md5';

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

async function listLocal(
  args: readonly ByteString[],
  options: TransferOptions,
  hooks: TransferHooks,
  mayBeMissing = false,
): Promise<SideListing> {
  const names: ReceivedNames = { users: new Map(), groups: new Map() };
  if (mayBeMissing && args.every((argument) => nodeSourceFs.stat(argument) === null))
    return { entries: [], names, pathOf: null };
  const chain = new SenderFilters(options.filters, (root) => scan.roots[root]!.base);
  const scan: SourceScan = new SourceScan(
    nodeSourceFs,
    args,
    { ...options, incRecurse: false },
    (name, isDirectory, root) => chain.excludes(name, isDirectory, root),
    {
      issue: (issue) => hooks.onEvent({ type: 'issue', issue }),
      message: () => {},
    },
  );
  const entries: FileEntry[] = [];
  let nextPause = PAUSE_EVERY;
  let bytes = 0;
  for (const batch of scan.scanAll()) {
    for (const entry of batch) {
      entries.push(entry);
      if (isReg(entry.mode)) bytes += entry.size;
    }
    if (entries.length >= nextPause) {
      nextPause = entries.length + PAUSE_EVERY;
      hooks.onEvent({ ...NO_PROGRESS, filesTotal: entries.length, bytesTotal: bytes });
      await turn(hooks);
    }
  }
  sortEntries(entries);
  return { entries, names, pathOf: (entry) => scan.localPath(entry) };
}

/** Lists folders on the server through a list-only session. A destination that does not exist is empty. */
async function listRemote(
  job: MirrorJob,
  paths: readonly ByteString[],
  options: TransferOptions,
  hooks: TransferHooks,
  mustExist: boolean,
): Promise<SideListing> {
  const entries: FileEntry[] = [];
  const listOptions: TransferOptions = {
    ...options,
    listOnly: true,
    recursive: true,
    deleteMode: 'none',
    dryRun: false,
    itemize: 0,
    chmod: [], // put on afterwards, for every direction alike
    checksumChoice: options.checksum ? LIST_SUM : options.checksumChoice,
  };
  let missing = false;
  const told = withServerWords(hooks);
  const result = await runTransfer(
    {
      options: listOptions,
      direction: 'pull',
      sources: paths,
      destination: '.',
      startPeer: job.startPeer,
      local: false,
      journalDir: null,
      takeList: (list) => {
        for (const entry of list) entries.push(entry);
      },
    },
    {
      ...hooks,
      onEvent: (event) => {
        if (event.type === 'message' && event.from === 'remote' && /No such file or directory \(2\)/.test(event.text))
          missing = true;
        else told.onEvent(event);
      },
    },
  );
  if (result.protocol < PLAN_PROTOCOL_MIN) {
    const spoken = `The server speaks protocol ${result.protocol}; profiles need ${PLAN_PROTOCOL_MIN} or later`;
    throw fail('protocol', 'too-old', spoken, {
      exitCode: 2,
      hint: '`driftline rsync` can mirror to it. For a profile, install a newer rsync on the server.',
    });
  }
  if (entries.length === 0 && missing) {
    if (mustExist) {
      throw fail('fs', 'source-missing', 'The source folder does not exist on the server', {
        exitCode: 23,
        hint: 'Check the path in the profile.',
      });
    }
    return { entries, names: result.names, pathOf: null };
  }
  if (result.exitCode !== 0) {
    if (entries.length === 0) {
      throw fail('remote', 'list-failed', `The server could not list the folder (code ${result.exitCode})`, {
        exitCode: result.exitCode,
      });
    }
    const issue: EngineEvent = {
      type: 'issue',
      issue: {
        code: 'list-failed',
        name: paths.join(' '),
        message: 'Parts of the folder on the server could not be listed',
        ioError: 1,
      },
    };
    hooks.onEvent(issue);
  }
  sortEntries(entries);
  return { entries, names: result.names, pathOf: null };
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

/** Lets the event loop turn, and waits while the run is paused. */
export async function turn({ signal, gate }: TransferHooks): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  await gate?.passed(signal);
  if (signal.aborted) {
    throw signal.reason instanceof DriftlineError ? signal.reason : fail('cancelled', 'cancelled', 'Cancelled');
  }
}
