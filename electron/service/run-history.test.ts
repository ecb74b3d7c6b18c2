import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from './ports.ts';
import { ActiveRun } from './active-run.ts';
import { openRunHistory } from './run-history.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-history-'));
  path = join(folder, 'runs.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const snapshot = (runId: string) =>
  new ActiveRun({ runId, profileId: 'bbbbbbbb-1', profileName: 'p', startedAt: 1 }, systemClock, () => undefined)
    .snapshot;
const idOf = (i: number): string => `aaaaaaaa-${i}`;

describe('run history', () => {
  it('starts without a file, keeps the order, gives the newest, is for its owner alone', () => {
    const history = openRunHistory(path);
    expect(history.load(10)).toEqual([]);
    for (let i = 0; i < 5; i++) history.append(snapshot(idOf(i)));
    expect(history.load(2).map((run) => run.runId)).toEqual([idOf(3), idOf(4)]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('a line that was cut short does not swallow the next', () => {
    const history = openRunHistory(path);
    history.append(snapshot(idOf(1)));
    writeFileSync(path, `${readFileSync(path, 'utf8')}{"runId":"cc`);
    history.append(snapshot(idOf(2)));
    expect(history.load(10).map((run) => run.runId)).toEqual([idOf(1), idOf(2)]);
  });

  it('is cut to its newest part when it grows too large', () => {
    const history = openRunHistory(path);
    history.append(snapshot(idOf(0)));
    const line = readFileSync(path, 'utf8');
    writeFileSync(path, line.repeat(Math.ceil((16 * 1024 * 1024) / line.length) + 1));
    history.append(snapshot(idOf(1)));
    expect(statSync(path).size).toBeLessThanOrEqual(8 * 1024 * 1024);
    expect(history.load(100)).toHaveLength(100);
    expect(history.load(1)[0]?.runId).toBe(idOf(1));
  });
});
