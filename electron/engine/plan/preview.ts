import { DriftlineError, fail } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import { createFileSum, loadChecksums } from '../checksum/strong.ts';
import { NO_PROGRESS, type EngineEvent, type ListedEntry } from '../events.ts';
import { FilterChain } from '../filter/chain.ts';
import { EntryFlag, type FileEntry } from '../flist/entry.ts';
import { IdMapper, localNames, type ReceivedNames } from '../flist/id-map.ts';
import { SourceScan } from '../flist/scan.ts';
import { compareEntries, sortEntries } from '../flist/sort.ts';
import { nodeSourceFs } from '../fs/node-fs.ts';
import { runTransfer, type TransferHooks } from '../index.ts';
import { DEFAULT_OPTIONS, type TransferOptions } from '../options/transfer-options.ts';
import { localAbilities } from '../roles/attributes.ts';
import { sumFile } from '../roles/list-sum.ts';
import { Mode, isDir } from '../wire/constants.ts';
import type { ReceiverAbilities } from './decide.ts';
import { folderName, mirroredFolder, sourceArgument, sourceBase, type MirrorJob } from './job.ts';
import { makePlan, parentOf, rebase, type Listing, type Plan } from './planner.ts';

export interface PreviewResult extends Plan {
  /** Entries of the source that could not be listed; any disables deletion. */
  sourceIssues: number;
  /** The same for the destination. */
  destinationIssues: number;
}

const PAUSE_EVERY = 2000;

/**
 * Lists both sides and compares them; changes nothing.
 * @throws DriftlineError when a side cannot be listed at all
 */
export async function previewTransfer(job: MirrorJob, hooks: TransferHooks): Promise<PreviewResult> {
  const issues = { source: 0, destination: 0 };
  const count = (side: 'source' | 'destination'): TransferHooks => ({
    ...hooks,
    onEvent: (event) => {
      if (event.type === 'issue') issues[side]++;
      // The sessions that list are one phase of this, whatever they are in themselves.
      const own = event.type === 'listed' || (event.type === 'phase' && event.phase !== 'connecting');
      if (!own) hooks.onEvent(event);
    },
  });
  hooks.onEvent({ type: 'phase', phase: 'listing' });
  const folder = folderName(job);
  const source =
    job.direction === 'pull'
      ? await listRemote(job, sourceArgument(job), job.options, count('source'), true)
      : await listLocal(sourceArgument(job), sourceBase(job), job.options, count('source'));
  const mirrored = mirroredFolder(job);
  const inFolder = (listing: RemoteListing): RemoteListing => ({
    ...listing,
    entries: rebase(listing.entries, folder),
  });
  const destination =
    job.direction === 'push'
      ? inFolder(await listRemote(job, `${mirrored}/`, { ...job.options, filters: [] }, count('destination'), false))
      : inFolder(
          await listLocal(`${mirrored}/`, mirrored, { ...job.options, filters: [] }, count('destination'), true),
        );
  hooks.onEvent({ type: 'phase', phase: 'comparing' });
  const abilities = abilitiesFor(job, source.names, destination.names);
  const deletes = job.options.deleteMode !== 'none' && issues.source === 0 && issues.destination === 0;
  const plan = makePlan(
    await toListing(source, job.options, hooks),
    await toListing(destination, job.options, hooks, folder),
    job.options,
    abilities,
    deletes,
  );
  return { ...plan, sourceIssues: issues.source, destinationIssues: issues.destination };
}

interface RemoteListing {
  entries: FileEntry[];
  names: ReceivedNames;
  /** Local listings: where entries lie, for sums. */
  base: ByteString | null;
}

async function toListing(
  listing: RemoteListing,
  options: TransferOptions,
  hooks: TransferHooks,
  folder = '',
): Promise<Listing> {
  if (options.checksum) await loadChecksums(['xxh64', 'md5']);
  const sum = options.checksum && listing.base !== null ? createFileSum(listSumName(options)) : null;
  return {
    entries: listing.entries,
    sum: (entry) => {
      if (entry.extra?.sum !== undefined) return entry.extra.sum;
      if (sum === null || listing.base === null) return null;
      const name = entry.dir === '' ? entry.base : `${entry.dir}/${entry.base}`;
      const inside = folder === '' ? name : name === folder ? '' : name.slice(folder.length + 1);
      try {
        const file = nodeSourceFs.openRead(inside === '' ? listing.base : `${listing.base}/${inside}`);
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

/** Both listings must use one algorithm: the explicit choice, which jobs with `checksum` always carry. */
function listSumName(options: TransferOptions): 'xxh64' | 'md5' {
  return options.checksumChoice === 'xxh64' ? 'xxh64' : 'md5';
}

async function listLocal(
  argument: ByteString,
  base: ByteString,
  options: TransferOptions,
  hooks: TransferHooks,
  mayBeMissing = false,
): Promise<RemoteListing> {
  const names: ReceivedNames = { users: new Map(), groups: new Map() };
  const top = nodeSourceFs.stat(argument);
  if (!top && mayBeMissing) return { entries: [], names, base };
  const chain = new FilterChain(options.filters, 'sender');
  const scan = new SourceScan(
    nodeSourceFs,
    [argument],
    { ...DEFAULT_OPTIONS, recursive: true, links: options.links, incRecurse: false },
    (name, isDirectory) => !chain.isEmpty && chain.check(name, isDirectory) === 'exclude',
    {
      issue: (issue) => hooks.onEvent({ type: 'issue', issue }),
      message: () => {},
    },
  );
  const entries: FileEntry[] = [];
  let nextPause = PAUSE_EVERY;
  for (const batch of scan.scanAll()) {
    for (const entry of batch) entries.push(entry);
    if (entries.length >= nextPause) {
      nextPause = entries.length + PAUSE_EVERY;
      hooks.onEvent({ ...NO_PROGRESS, filesTotal: entries.length });
      await turn(hooks.signal);
    }
  }
  sortEntries(entries);
  return { entries, names, base };
}

/** Lists a folder on the server through a list-only session. A destination that does not exist is empty. */
async function listRemote(
  job: MirrorJob,
  path: ByteString,
  options: TransferOptions,
  hooks: TransferHooks,
  mustExist: boolean,
): Promise<RemoteListing> {
  const entries: FileEntry[] = [];
  const listOptions: TransferOptions = {
    ...options,
    listOnly: true,
    recursive: true,
    deleteMode: 'none',
    dryRun: false,
    itemize: 0,
  };
  let missing = false;
  const result = await runTransfer(
    {
      options: listOptions,
      direction: 'pull',
      sources: [path],
      destination: '.',
      startPeer: job.startPeer,
      local: false,
      journalDir: null,
    },
    {
      ...hooks,
      onEvent: (event) => {
        if (event.type === 'listed') {
          entries.push(toEntry(event.entry));
          return;
        }
        if (event.type === 'message' && event.from === 'remote' && /No such file or directory \(2\)/.test(event.text))
          missing = true;
        else hooks.onEvent(event);
      },
    },
  );
  if (entries.length === 0 && missing) {
    if (mustExist) {
      throw fail('fs', 'source-missing', 'The source folder does not exist on the server', {
        exitCode: 23,
        hint: 'Check the path in the profile.',
      });
    }
    return { entries, names: result.names, base: null };
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
        name: path,
        message: 'Parts of the folder on the server could not be listed',
        ioError: 1,
      },
    };
    hooks.onEvent(issue);
  }
  entries.sort(compareEntries);
  return { entries, names: result.names, base: null };
}

function toEntry(listed: ListedEntry): FileEntry {
  const dir = parentOf(listed.name);
  return {
    dir,
    base: dir === '' ? listed.name : listed.name.slice(dir.length + 1),
    mode: listed.mode,
    size: listed.size,
    mtime: listed.mtime,
    nsec: listed.nsec,
    uid: listed.uid,
    gid: listed.gid,
    flags: isDir(listed.mode) ? EntryFlag.CONTENT_DIR : 0,
    root: 0,
    extra:
      listed.link === null && listed.sum === null && listed.rdevMajor === 0 && listed.rdevMinor === 0
        ? null
        : {
            ...(listed.link === null ? {} : { link: listed.link }),
            ...(listed.sum === null ? {} : { sum: listed.sum }),
            ...((listed.mode & Mode.TYPE) === Mode.CHR || (listed.mode & Mode.TYPE) === Mode.BLK
              ? { rdevMajor: listed.rdevMajor, rdevMinor: listed.rdevMinor }
              : {}),
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
  const isRoot = job.remoteUser === 'root';
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

export async function turn(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  if (signal.aborted) {
    throw signal.reason instanceof DriftlineError ? signal.reason : fail('cancelled', 'cancelled', 'Cancelled');
  }
}
