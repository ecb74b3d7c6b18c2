import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toErrorData } from '../../../shared/errors.ts';
import { formatCount } from '../../../shared/format.ts';
import { displayPath, textToBytes } from '../../../shared/model/path.ts';
import type { PlanCounts } from '../../../shared/model/preview.ts';
import type { RunResult } from '../../../shared/model/run.ts';
import { serve } from '../../engine/serve.ts';
import { compareTrees, type Comparison } from './compare-trees.ts';
import { type DemoClient, type Ends, openDemoClient } from './demo-client.ts';
import { findStockRsync, type ServeRsync, startDemoServer } from './demo-server.ts';
import { changeSampleTree, makeSampleTree } from './sample-tree.ts';

export interface DemoOptions {
  /** Gets each line, without a line end. */
  out: (line: string) => void;
  /** Plays `rsync --server` in the embedded server; the engine's own by default. A test wraps it to break something. */
  serve?: ServeRsync;
  /** The built worker, where it does not lie beside the running program. */
  workerFile?: string;
  /** Where a stock rsync is looked for; PATH by default, '' for none. */
  path?: string;
}

const SHOWN_DIFFERENCES = 10;

/**
 * Mirrors a sample tree to a server on this machine and back, and judges the result byte for byte. Everything lies in a
 * temporary folder that is removed in the end, also when the process is told to exit.
 *
 * @returns the exit code: 0, or 1 when a comparison found a difference or a step could not be carried out. Never rejects.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { out } = options;
  const start = performance.now();
  let verdict: string;
  let equal = false;
  try {
    equal = await inTemporaryFolder((folder) => perform(folder, options));
    verdict = equal ? 'Both sides are equal in every comparison.' : 'FAILED: the sides are not equal.';
  } catch (error) {
    const { message, hint } = toErrorData(error);
    verdict = `FAILED: ${displayPath(message)}${hint === undefined ? '' : ` ${displayPath(hint)}`}`;
  }
  out(`${verdict} ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return equal ? 0 : 1;
}

async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'driftline-demo-'));
  // A worker may be writing while the process exits.
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.once('exit', remove);
  try {
    return await work(folder);
  } finally {
    process.off('exit', remove);
    remove();
  }
}

async function perform(folder: string, options: DemoOptions): Promise<boolean> {
  const { out } = options;
  const stock = findStockRsync(options.path ?? process.env['PATH']);
  const journals = join(folder, 'server-journals');
  mkdirSync(journals);
  const server = await startDemoServer({
    serve: options.serve ?? serve,
    stockRsync: stock?.path ?? null,
    journalDir: textToBytes(journals),
  });
  try {
    out(`Embedded SSH server on 127.0.0.1:${server.port}, host key ${server.fingerprint}`);
    const home = join(folder, 'home');
    const client = await openDemoClient({ home, workerFile: options.workerFile, server, notice: out });
    try {
      const embedded = await demonstrate('embedded rsync', 'rsync', join(folder, 'embedded'), client, out);
      if (stock === null) {
        out('No rsync of version 3 is on PATH: only the embedded one was shown.');
        return embedded;
      }
      return (await demonstrate(`stock ${stock.version}`, stock.path, join(folder, 'stock'), client, out)) && embedded;
    } finally {
      await client.close();
    }
  } finally {
    await server.close();
  }
}

/** Push, changes with deletions, and pull against one peer; whether all went well and was found equal. */
async function demonstrate(
  peer: string,
  program: string,
  folder: string,
  client: DemoClient,
  out: (line: string) => void,
): Promise<boolean> {
  const local = join(folder, 'local');
  const remote = join(folder, 'remote');
  const back = join(folder, 'back');
  let good = true;
  const step = async <T>(name: string, work: () => Promise<[string, T]> | [string, T]): Promise<T> => {
    const start = performance.now();
    const [text, result] = await work();
    const seconds = ((performance.now() - start) / 1000).toFixed(2);
    out(`${peer.padEnd(18)} ${name.padEnd(20)} ${text.padEnd(80)} ${seconds.padStart(6)} s`);
    return result;
  };
  const mirror = async (name: string, profileId: string, ends: Ends): Promise<void> => {
    const planId = await step(`${ends.direction}: preview`, async () => {
      const { planId, counts } = await client.preview(profileId);
      return [describePlan(counts), planId];
    });
    await step(`${ends.direction}: ${name}`, async () => {
      const result = await client.run(profileId, planId);
      good &&= result.outcome === 'success';
      return [describeRun(result), null];
    });
    await step('compare', () => {
      const compared = compareTrees(textToBytes(ends.source), textToBytes(ends.destination));
      const { differences } = compared;
      good &&= differences.length === 0;
      for (const line of differences.slice(0, SHOWN_DIFFERENCES)) out(`  ${line}`);
      if (differences.length > SHOWN_DIFFERENCES) out(`  and ${differences.length - SHOWN_DIFFERENCES} more`);
      return [describeComparison(compared), null];
    });
  };

  await step('sample tree', () => {
    mkdirSync(folder);
    makeSampleTree(textToBytes(local));
    return [displayPath(local), null];
  });
  const hostId = await step('save host', async () => {
    const name = `demo, ${peer}`;
    return [`“${name}”`, await client.addHost(name, program)];
  });
  const push: Ends = { direction: 'push', source: local, destination: remote };
  const pushProfile = await client.addProfile(`push, ${peer}`, hostId, push);
  await mirror('mirror', pushProfile, push);
  changeSampleTree(textToBytes(local));
  await mirror('mirror changes', pushProfile, push);
  const pull: Ends = { direction: 'pull', source: remote, destination: back };
  await mirror('mirror', await client.addProfile(`pull, ${peer}`, hostId, pull), pull);
  return good;
}

function describePlan({ create, update, attributes, delete: deleted, unchanged }: PlanCounts): string {
  return `${create} to create, ${update} to update, ${attributes} attributes, ${deleted} to delete, ${unchanged} unchanged`;
}

function describeRun({ outcome, issueCount, totals, error }: RunResult): string {
  if (outcome !== 'success')
    return `FAILED: ${outcome}, ${issueCount} issues${error === null ? '' : `: ${error.message}`}`;
  const bytes = `${formatCount(totals.literal)} literal, ${formatCount(totals.matched)} matched bytes`;
  return `${totals.filesTransferred} files, ${bytes}, ${totals.deleted} deleted`;
}

function describeComparison({ entries, files, bytes, differences }: Comparison): string {
  const verdict = differences.length === 0 ? 'equal' : 'NOT EQUAL';
  return `${verdict}: ${formatCount(entries)} entries, ${formatCount(files)} files, ${formatCount(bytes)} bytes`;
}
