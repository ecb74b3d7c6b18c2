import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { FromService } from '../../shared/ipc/define.ts';

const electron = vi.hoisted(() => ({
  exposed: new Map<string, Record<string, (...args: never[]) => unknown>>(),
  sent: [] as unknown[][],
  listeners: new Map<string, ((...args: unknown[]) => void)[]>(),
}));

// Electron does not run here; what is tested is the surface that the script asks it for.
vi.mock('electron', () => ({
  contextBridge: {
    exposeInMainWorld: (name: string, api: Record<string, () => unknown>) => electron.exposed.set(name, api),
  },
  ipcRenderer: {
    send: (...args: unknown[]) => electron.sent.push(args),
    on: (channel: string, listener: (...args: unknown[]) => void) =>
      electron.listeners.set(channel, [...(electron.listeners.get(channel) ?? []), listener]),
    off: (channel: string, listener: (...args: unknown[]) => void) =>
      electron.listeners.set(
        channel,
        (electron.listeners.get(channel) ?? []).filter((each) => each !== listener),
      ),
  },
  webUtils: { getPathForFile: (file: File) => `/dropped/${file.name}` },
}));

describe('the preload script', () => {
  beforeAll(() => import('./preload.ts'));
  const api = () =>
    electron.exposed.get('driftline') as unknown as {
      send(message: unknown): void;
      onMessage(listener: (...args: unknown[]) => void): () => void;
      pathForFile(file: File): string;
    };

  it('exposes exactly these functions', () => {
    expect([...electron.exposed.keys()]).toEqual(['driftline']);
    expect(Object.entries(api()).map(([key, value]) => `${key}: ${typeof value}`)).toMatchInlineSnapshot(`
      [
        "send: function",
        "onMessage: function",
        "pathForFile: function",
      ]
    `);
  });

  it('sends on its own channel only', () => {
    api().send({ type: 'cancel', id: 'a' });
    expect(electron.sent).toEqual([['driftline:to-service', { type: 'cancel', id: 'a' }]]);
  });

  it('hands on messages without the event, until the listener goes', () => {
    const got: unknown[][] = [];
    const stop = api().onMessage((...args) => got.push(args));
    const message: FromService = { type: 'event', name: 'event.show', payload: { view: 'home' } };
    const emit = () =>
      electron.listeners.get('driftline:from-service')?.forEach((each) => each({ sender: 'secret' }, message));
    emit();
    stop();
    emit();
    expect(got).toEqual([[message]]);
  });

  it('tells where a dropped folder lies', () => {
    expect(api().pathForFile(new File([], 'photos'))).toBe('/dropped/photos');
  });
});
