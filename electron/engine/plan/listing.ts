import { DriftlineError, fail } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import { NO_PROGRESS, type EngineEvent } from '../events.ts';
import { SenderFilters } from '../filter/sender-filters.ts';
import type { FileEntry } from '../flist/entry.ts';
import type { ReceivedNames } from '../flist/id-map.ts';
import { SourceScan } from '../flist/scan.ts';
import { sortEntries } from '../flist/sort.ts';
import { nodeSourceFs } from '../fs/node-fs.ts';
import { runTransfer, type TransferHooks } from '../index.ts';
import { ARCHIVE, DEFAULT_OPTIONS, type TransferOptions } from '../options/transfer-options.ts';
import { PLAN_PROTOCOL_MIN, isReg } from '../wire/constants.ts';
import type { MirrorJob } from './job.ts';
import { withServerWords } from './server-words.ts';

const PAUSE_EVERY = 2000;

/** The sum of both listings with `--checksum`: every server knows it. */
export const LIST_SUM = 'md5';

/** One side of a preview. */
export interface SideListing {
  /** In list order. */
  entries: FileEntry[];
  names: ReceivedNames;
  /** Local listings: where an entry lies, for sums. */
  pathOf: ((entry: FileEntry) => ByteString) | null;
}

/** What a destination on this machine has, all of it; nothing where there is no such folder. */
export async function listFolder(argument: ByteString, hooks: TransferHooks): Promise<FileEntry[]> {
  if (nodeSourceFs.stat(argument) === null) return [];
  return (await listLocal([argument], { ...DEFAULT_OPTIONS, ...ARCHIVE }, hooks)).entries;
}

/** Lists folders of this machine. The count so far is told every couple of thousand entries. */
export async function listLocal(
  args: readonly ByteString[],
  options: TransferOptions,
  hooks: TransferHooks,
): Promise<SideListing> {
  const names: ReceivedNames = { users: new Map(), groups: new Map() };
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
export async function listRemote(
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

/** Lets the event loop turn, and waits while the run is paused. */
export async function turn({ signal, gate }: TransferHooks): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  await gate?.passed(signal);
  if (signal.aborted) {
    throw signal.reason instanceof DriftlineError ? signal.reason : fail('cancelled', 'cancelled', 'Cancelled');
  }
}
