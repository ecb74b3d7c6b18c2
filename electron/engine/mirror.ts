/** The second door of the engine, for the worker: previews as plans, and runs that carry plans out. */
export { carryOut, type CarriedOut } from './plan/carry-out.ts';
export { tryFilters } from './plan/filter-trial.ts';
export type { FolderLister, MirrorJob } from './plan/job.ts';
export { listFolder } from './plan/listing.ts';
export { EntryUnpacker, packEntries } from './plan/packed-entries.ts';
export { previewTransfer, type PreviewResult } from './plan/preview.ts';
export { restrictPlan } from './plan/restrict.ts';
export { Gate } from './gate.ts';
export { sweep } from './fs/sweep.ts';
export type { EngineEvent } from './events.ts';
export type { TransferHooks } from './index.ts';
export { listRemoteFolders } from './remote-folders.ts';
