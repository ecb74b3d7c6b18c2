import { parentPort } from 'node:worker_threads';
import { DriftlineError, fail, toErrorData } from '../../shared/errors.ts';
import type { PromptAnswer, PromptQuestion } from '../../shared/model/prompt.ts';
import { carryOut, previewTransfer, sweep, type TransferHooks } from '../engine/mirror.ts';
import { encodePlan, PlanReader, type PlanItem } from '../../shared/plan-codec.ts';
import { displayPath, textToBytes } from '../../shared/model/path.ts';
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
import { mirrorJob } from './mirror-job.ts';
import { RunReporter } from './run-reporter.ts';

/**
 * One run in its own thread: the connection and the session live here, so bulk bytes never cross a thread boundary. It
 * takes one task, asks its questions, ends with `done` or `failed`, and keeps nothing.
 */
const port = parentPort!;
const post = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
const abort = new AbortController();
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

async function prompt(question: PromptQuestion): Promise<PromptAnswer> {
  const answer = await ask({ kind: 'prompt', question });
  return answer.kind === 'prompt' ? answer.answer : { kind: 'refuse' };
}

port.on('message', (message: ToWorker) => {
  if (message.type === 'cancel') abort.abort(cancelled());
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
  const host = task.kind === 'test-host' ? task.host : task.job.host;
  const link = host && new HostLink(host, prompt, abort.signal);
  try {
    const outcome = await perform(task, link, { signal: abort.signal, onEvent: reporter.onEvent, poll }, reporter);
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
  if (task.kind === 'test-host') return { kind: 'tested', test: await link!.test((step) => reporter.step(step)) };
  const { job } = task;
  sweep(textToBytes(job.journalDir));
  const mirror = mirrorJob(job, link, abort.signal);
  if (task.kind === 'run') return carried(await carryOut(mirror, readPlan(task.plan), hooks));
  const preview = await previewTransfer(mirror, hooks);
  if (task.kind === 'preview') {
    const plan = encodePlan(preview.items);
    return {
      kind: 'planned',
      plan,
      counts: preview.counts,
      sourceIssues: preview.sourceIssues + preview.destinationIssues,
    };
  }
  await judged(job, preview.counts, preview.sourceIssues + preview.destinationIssues);
  const ran = carried(await carryOut(mirror, preview.items, hooks));
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
  throw fail('guard', 'not-judged', `The run of ${displayPath(job.localPath)} was not allowed`);
}

function readPlan(bytes: Uint8Array): PlanItem[] {
  const reader = new PlanReader(bytes);
  return Array.from({ length: reader.length }, (_, row) => reader.item(row));
}

function cancelled(): DriftlineError {
  return fail('cancelled', 'cancelled', 'The run was cancelled');
}
