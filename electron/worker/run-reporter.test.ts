import { expect, it } from 'vitest';
import type { RunItem, RunProgress } from '../../shared/model/run.ts';
import { NO_PROGRESS, type EnginePhase, type ProgressEvent } from '../engine/events.ts';
import { RunReporter } from './run-reporter.ts';

function reporter() {
  const items: RunItem[] = [];
  let progress: RunProgress | null = null;
  const made = new RunReporter((message) => {
    if (message.type !== 'events') return;
    items.push(...message.items);
    progress = message.progress ?? progress;
  });
  const phase = (name: EnginePhase): void => made.onEvent({ type: 'phase', phase: name });
  const tell = (more: Partial<ProgressEvent>): void => made.onEvent({ ...NO_PROGRESS, ...more });
  const seen = (): RunProgress => {
    made.flush();
    return progress!;
  };
  return { made, items, phase, tell, seen };
}

it('what was scanned never shrinks, and the transfer begins with totals of its own', () => {
  const { phase, tell, seen } = reporter();
  phase('listing');
  tell({ filesTotal: 400, bytesTotal: 41e9 });
  // The other side is listed, in a session of its own.
  phase('connecting');
  tell({ filesTotal: 10, bytesTotal: 5, listComplete: true });
  expect(seen()).toMatchObject({ filesTotal: 400, bytesTotal: 41e9, listComplete: false, etaSeconds: null });
  phase('comparing');
  phase('connecting');
  phase('listing');
  expect(seen().phase).toBe('comparing');
  phase('transferring');
  tell({ filesTotal: 3, bytesTotal: 2e9, listComplete: true, bytesDone: 1e9 });
  expect(seen()).toMatchObject({
    phase: 'transferring',
    filesTotal: 3,
    bytesTotal: 2e9,
    bytesDone: 1e9,
    listComplete: true,
  });
  tell({ filesTotal: 3, bytesTotal: 2e9, listComplete: true, bytesDone: 5e8 });
  expect(seen().bytesDone).toBe(1e9);
});

it('tells changes in rsync’s words, and nothing of what only passed by', () => {
  const { made, items } = reporter();
  const about = {
    type: 'item',
    mode: 0o100644,
    size: 7,
    mtime: 0,
    uid: 0,
    gid: 0,
    sum: null,
    link: null,
    linkedTo: null,
  } as const;
  made.onEvent({ ...about, name: 'new', iflags: 0xa000, direction: 'send' });
  made.onEvent({ ...about, name: 'more', iflags: 0x800c, direction: 'recv' });
  made.onEvent({ ...about, name: 'mode', iflags: 0x0010, direction: 'recv' });
  made.onEvent({ ...about, name: 'same', iflags: 0, direction: 'recv' });
  made.onEvent({ type: 'deleted', name: 'caf\xe9', isDir: false });
  made.flush();
  expect(items).toEqual([
    { path: 'new', action: 'create', itemized: '<f+++++++++', size: 7 },
    { path: 'more', action: 'update', itemized: '>f.st......', size: 7 },
    { path: 'mode', action: 'attributes', itemized: '.f...p.....', size: 0 },
    { path: 'caf\udce9', action: 'delete', itemized: '*deleting', size: 0 },
  ]);
});
