/** The second door of the engine, for the worker: previews as plans, and runs that carry plans out. */
export { carryOut, type CarriedOut } from './plan/carry-out.ts';
export type { MirrorJob } from './plan/job.ts';
export { previewTransfer, type PreviewResult } from './plan/preview.ts';
export { sweep } from './fs/sweep.ts';
export type { TransferHooks } from './index.ts';
