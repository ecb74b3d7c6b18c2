import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../../shared/model/settings.ts';
import { openScreen, startService, tempFolder } from './harness.ts';

describe('settings', () => {
  it('start as the defaults, and keep what was changed', async () => {
    const service = await startService();
    const screen = openScreen(service);
    expect(await screen.call('settings.get')).toEqual({ ok: true, value: DEFAULT_SETTINGS });
    const change = { theme: 'dark', history: { runs: 50, days: 30 } };
    const after = { ...DEFAULT_SETTINGS, ...change };
    expect(await screen.call('settings.update', { change })).toEqual({ ok: true, value: after });
    const again = await startService({ homeFolder: service.homeFolder });
    expect(again.settings.get()).toEqual(after);
    // Only what was chosen is kept: a default that changes later changes for everybody else.
    const kept = JSON.parse(readFileSync(join(service.homeFolder, 'driftline.json'), 'utf8')) as { settings: unknown };
    expect(kept.settings).toEqual(change);
  });

  it('tell every screen of a change, once', async () => {
    const service = await startService();
    const screen = openScreen(service);
    await service.settings.update({ parallelRuns: 4 });
    await service.settings.update({ parallelRuns: 4 });
    const events = screen.received.filter((message) => message.type === 'event' && message.name === 'event.settings');
    expect(events).toHaveLength(1);
  });

  it('are the defaults while the store is of a later version', async () => {
    const homeFolder = tempFolder();
    writeFileSync(join(homeFolder, 'driftline.json'), JSON.stringify({ schemaVersion: 999 }));
    const screen = openScreen(await startService({ homeFolder }));
    expect(await screen.call('settings.get')).toEqual({ ok: true, value: DEFAULT_SETTINGS });
    expect(await screen.call('settings.update', { change: { theme: 'dark' } })).toMatchObject({
      ok: false,
      error: { code: 'store-newer' },
    });
  });
});
