import { parentPort } from 'node:worker_threads';
import { DriftlineError, fail, type Result, toErrorData } from '../../shared/errors.ts';
import type { PromptAnswer, PromptQuestion } from '../../shared/model/prompt.ts';
import {
  carryOut,
  Gate,
  listRemoteFolders,
  previewTransfer,
  restrictPlan,
  sweep,
  tryFilters,
  type TransferHooks,
} from '../engine/mirror.ts';
import { sshConfigHosts } from '../engine/transport/ssh-config-hosts.ts';
import { findKeys } from '../engine/transport/ssh-key-files.ts';
import { PlanReader, type PlanItem } from '../../shared/plan-codec.ts';
import { bytesToText, displayPath, type PathText, textToBytes } from '../../shared/model/path.ts';
import type { PlanCounts } from '../../shared/model/preview.ts';
import type {
  FromWorker,
  ToWorker,
  WorkerAnswer,
  WorkerJob,
  WorkerOutcome,
  WorkerQuestion,
  WorkerTask,
} from './messages.ts';
import { HostLink } from './host-link.ts';
import { testHost } from './host-test.ts';
import { mirrorJob } from './mirror-job.ts';
import { RunReporter } from './run-reporter.ts';

/**
 * One run in its own thread: the connection and the session live here, so bulk bytes never cross a thread boundary. It
 * takes one task, asks its questions, ends with `done` or `failed`, and keeps nothing.
 */
const port = parentPort!;
const post = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
const abort = new AbortController();
const gate = new Gate();
const answers = new Map<number, (answer: WorkerAnswer) => void>();
let nextAsk = 1;

function ask(question: WorkerQuestion): Promise<WorkerAnswer> {
  const askId = nextAsk++;
  return new Promise((resolve, reject) => {
    if (abort.signal.aborted) return reject(cancelled());
    answers.set(askId, resolve);
    abort.signal.addEventListener('abort', () => reject(cancelled()), { once: true });
    post({ type: 'ask', askId, question });
  });
}

async function prompt(question: PromptQuestion, hostId: string): Promise<PromptAnswer> {
  const answer = await ask({ kind: 'prompt', question, hostId });
  return answer.kind === 'prompt' ? answer.answer : { kind: 'refuse' };
}

port.on('message', (message: ToWorker) => {
  if (message.type === 'cancel') abort.abort(cancelled());
  else if (message.type === 'pause') gate.close();
  else if (message.type === 'resume') gate.open();
  else if (message.type === 'answer') {
    answers.get(message.askId)?.(message.answer);
    answers.delete(message.askId);
  } else void work(message.task, new Int32Array(message.cancelFlag));
});
post({ type: 'ready' });

async function work(task: WorkerTask, cancelFlag: Int32Array): Promise<void> {
  const reporter = new RunReporter(post);
  // The cancel message ends everything that waits; the flag ends synchronous work, which messages cannot reach.
  const poll = () => {
    if (Atomics.load(cancelFlag, 0) !== 0) throw cancelled();
  };
  const host = 'job' in task ? task.job.host : 'host' in task ? task.host : null;
  const link = host && new HostLink(host, prompt, abort.signal);
  try {
    const outcome = await perform(
      task,
      link,
      { signal: abort.signal, onEvent: reporter.onEvent, poll, gate },
      reporter,
    );
    reporter.flush();
    post({ type: 'done', outcome }, outcome.kind === 'planned' ? [outcome.plan.buffer as ArrayBuffer] : []);
  } catch (error) {
    reporter.flush();
    post({
      type: 'failed',
      error: toErrorData(abort.signal.aborted && !(error instanceof DriftlineError) ? cancelled() : error),
    });
  } finally {
    link?.close();
    port.close();
  }
}

async function perform(
  task: WorkerTask,
  link: HostLink | null,
  hooks: TransferHooks,
  reporter: RunReporter,
): Promise<WorkerOutcome> {
  switch (task.kind) {
    case 'test-host': {
      const test = await testHost(link!, task.paths, (step) => reporter.step(step), hooks.signal);
      return { kind: 'tested', test };
    }
    case 'browse':
      return browse(link!, hooks, reporter);
    case 'try-filters':
      return {
        kind: 'filters-tried',
        trial: await tryFilters(task.sources.map(textToBytes), task.rules.map(textToBytes), hooks),
      };
    case 'find-keys':
      return { kind: 'keys', keys: findKeys() };
    case 'read-ssh-config':
      return { kind: 'ssh-config', names: sshConfigHosts() };
    default:
      return transfer(task, link, hooks);
  }
}

/** Lists one folder after the other until there is no next. What is wrong with a folder does not end the connection. */
async function browse(link: HostLink, hooks: TransferHooks, reporter: RunReporter): Promise<WorkerOutcome> {
  let listed: Result<PathText[]> | null = null;
  for (;;) {
    const answer = await ask({ kind: 'browse', listed });
    if (answer.kind !== 'browse' || answer.path === null) return { kind: 'browsed' };
    try {
      reporter.step('connecting');
      await link.connect();
      reporter.step('logged-in');
      const { folders } = await listRemoteFolders((words) => link.startRsync(words), textToBytes(answer.path), hooks);
      listed = { ok: true, value: folders.map((folder) => bytesToText(folder)) };
    } catch (error) {
      if (!(error instanceof DriftlineError) || error.data.kind !== 'fs') throw error;
      listed = { ok: false, error: error.data };
    }
  }
}

async function transfer(
  task: Extract<WorkerTask, { job: WorkerJob }>,
  link: HostLink | null,
  hooks: TransferHooks,
): Promise<WorkerOutcome> {
  const { job } = task;
  sweep(textToBytes(job.journalDir));
  const mirror = mirrorJob(job, link, abort.signal);
  if (task.kind === 'run') return carried(await carryOut(mirror, readPlan(task.plan, task.ticks), hooks));
  const preview = await previewTransfer(mirror, hooks, task.kind === 'preview');
  if (task.kind === 'preview') {
    return {
      kind: 'planned',
      plan: preview.plan,
      counts: preview.counts,
      sourceIssues: preview.sourceIssues + preview.destinationIssues,
      deletes: mirror.options.deleteMode !== 'none',
      times: mirror.options.times,
    };
  }
  const whole = { items: readPlan(preview.plan, null), counts: preview.counts };
  const { items, counts } = task.only === null ? whole : restrictPlan(whole, task.only.map(textToBytes));
  await judged(job, counts, preview.sourceIssues + preview.destinationIssues);
  const ran = carried(await carryOut(mirror, items, hooks));
  // The transfer's own list holds only what is planned; the person means the whole folder.
  if (ran.kind === 'ran') ran.totals.filesTotal = preview.counts.sourceTotal;
  return ran;

  function carried(result: Awaited<ReturnType<typeof carryOut>>): WorkerOutcome {
    const { stats } = result;
    return {
      kind: 'ran',
      totals: {
        filesTotal: stats.files.total,
        filesTransferred: stats.transferred,
        created: stats.created.total,
        deleted: stats.deleted.total,
        totalSize: stats.totalSize,
        transferredSize: stats.transferredSize,
        literal: stats.literal,
        matched: stats.matched,
        sent: stats.sent,
        received: stats.received,
      },
      issueCount: result.issueCount,
      exitCode: result.exitCode,
    };
  }
}

/** The guard decides in the service, by the counts; a refusal ends the run before anything was changed. */
async function judged(job: WorkerJob, counts: PlanCounts, sourceIssues: number): Promise<void> {
  const answer = await ask({ kind: 'judge', counts, sourceIssues });
  if (answer.kind === 'judge' && answer.verdict.ok) return;
  if (answer.kind === 'judge' && !answer.verdict.ok) throw new DriftlineError(answer.verdict.error);
  throw fail('guard', 'not-judged', `The run to ${displayPath(job.destination)} was not allowed`);
}

/** @param ticks a byte for each row, 0 for those that are left out; null = every row */
function readPlan(bytes: Uint8Array, ticks: Uint8Array | null): PlanItem[] {
  const reader = new PlanReader(bytes);
  const items: PlanItem[] = [];
  for (let row = 0; row < reader.length; row++) if (ticks?.[row] !== 0) items.push(reader.item(row));
  return items;
}

function cancelled(): DriftlineError {
  return fail('cancelled', 'cancelled', 'The run was cancelled');
}
