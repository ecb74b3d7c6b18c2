import { EventEmitter } from 'node:events';
import { beforeAll, describe, expect, it, vi } from 'vitest';

type Answer = (...args: unknown[]) => unknown;

// Electron does not run here; what is tested is what the handlers answer that it would ask.
const electron = vi.hoisted(() => ({
  app: null as null | (EventEmitter & { whenReady(): Promise<void> }),
  session: {} as { defaultSession: unknown },
}));
vi.mock('electron', () => ({
  get app() {
    return electron.app;
  },
  session: electron.session,
}));

class Session extends EventEmitter {
  readonly handlers = new Map<string, Answer>();
  setPermissionRequestHandler = (handler: Answer): void => void this.handlers.set('request', handler);
  setPermissionCheckHandler = (handler: Answer): void => void this.handlers.set('check', handler);
  setDevicePermissionHandler = (handler: Answer): void => void this.handlers.set('device', handler);
}

class Contents extends EventEmitter {
  open: Answer = () => undefined;
  setWindowOpenHandler = (handler: Answer): void => void (this.open = handler);
}

/** Whether somebody prevented the event. */
function prevented(of: EventEmitter, name: string, details: object = {}, ...more: unknown[]): boolean {
  const event = { ...details, preventDefault: vi.fn() };
  of.emit(name, event, ...more);
  return event.preventDefault.mock.calls.length > 0;
}

describe('every page and session', () => {
  const first = new Session();
  const later = new Session();
  const contents = new Contents();

  beforeAll(async () => {
    electron.app = Object.assign(new EventEmitter(), { whenReady: () => Promise.resolve() });
    electron.session.defaultSession = first;
    (await import('./lockdown.ts')).lockDown();
    await Promise.resolve();
    electron.app.emit('session-created', later);
    electron.app.emit('web-contents-created', {}, contents);
  });

  it('is denied every permission and device', () => {
    for (const session of [first, later]) {
      for (const permission of [
        'media',
        'geolocation',
        'notifications',
        'clipboard-read',
        'openExternal',
        'fileSystem',
      ]) {
        const answered: unknown[] = [];
        session.handlers.get('request')?.({}, permission, (granted: unknown) => answered.push(granted));
        expect(answered).toEqual([false]);
        expect(session.handlers.get('check')?.({}, permission)).toBe(false);
      }
      expect(session.handlers.get('device')?.({ deviceType: 'usb' })).toBe(false);
      expect(prevented(session, 'will-download')).toBe(true);
    }
  });

  it.each(['will-navigate', 'will-frame-navigate', 'will-redirect'])('stays in the application at %s', (name) => {
    for (const url of [
      'https://example.org/',
      'file:///etc/passwd',
      'data:text/html,x',
      'javascript:0',
      'app://other/',
      '',
    ])
      expect([url, prevented(contents, name, { url })]).toEqual([url, true]);
    expect(prevented(contents, name, { url: 'app://driftline/' })).toBe(false);
    // The older form gives the address beside the event.
    expect(prevented(contents, name, {}, 'https://example.org/')).toBe(true);
  });

  it('opens no window and no webview', () => {
    expect(contents.open({ url: 'app://driftline/' })).toEqual({ action: 'deny' });
    expect(prevented(contents, 'will-attach-webview')).toBe(true);
  });
});
