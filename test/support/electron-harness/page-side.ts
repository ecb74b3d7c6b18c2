/**
 * Runs in the page before any of its scripts: what a sandboxed preload script gets from `require('electron')`, on top
 * of two bindings to the harness. A function because its text is sent to Chromium; it may use nothing from outside.
 */
function installInPage(preload: (require: (name: string) => unknown, module: { exports: object }) => void): void {
  if (window !== window.top) return;
  type Listener = (event: object, ...args: unknown[]) => void;
  const bindings = window as unknown as {
    harnessSend(channel: string, args: unknown[]): Promise<void>;
    harnessInvoke(channel: string, args: unknown[]): Promise<{ value: unknown } | { error: string }>;
  };
  const listeners = new Map<string, Listener[]>();
  const dropped = new Map<string, string>();
  const ipcRenderer = {
    send(channel: string, ...args: unknown[]): void {
      void bindings.harnessSend(channel, structuredClone(args));
    },
    async invoke(channel: string, ...args: unknown[]): Promise<unknown> {
      const result = await bindings.harnessInvoke(channel, structuredClone(args));
      if ('error' in result) throw new Error(`Error invoking remote method '${channel}': ${result.error}`);
      return result.value;
    },
    on(channel: string, listener: Listener) {
      listeners.set(channel, [...(listeners.get(channel) ?? []), listener]);
      return ipcRenderer;
    },
    once(channel: string, listener: Listener) {
      const once: Listener = (...args) => {
        ipcRenderer.off(channel, once);
        listener(...args);
      };
      return ipcRenderer.on(channel, once);
    },
    off(channel: string, listener: Listener) {
      const left = (listeners.get(channel) ?? []).filter((each) => each !== listener);
      listeners.set(channel, left);
      return ipcRenderer;
    },
    removeListener: (channel: string, listener: Listener) => ipcRenderer.off(channel, listener),
    removeAllListeners: (channel: string) => void listeners.delete(channel),
  };
  Object.defineProperty(window, 'electronHarness', {
    value: {
      async deliver(batch: [channel: string, args: unknown[]][]): Promise<void> {
        for (const [channel, args] of batch) {
          for (const each of listeners.get(channel) ?? []) each({}, ...args);
          // As in Electron, each message is a task of its own: what waits for one has its turn before the next.
          await new Promise<void>((resolve) => {
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => resolve(port1.close());
            port2.postMessage(null);
          });
        }
      },
      dropped,
    },
  });
  const electron = {
    contextBridge: {
      exposeInMainWorld(name: string, api: object): void {
        Object.defineProperty(window, name, { value: Object.freeze(api), enumerable: true });
      },
    },
    ipcRenderer,
    webUtils: { getPathForFile: (file: File): string => dropped.get(file.name) ?? '' },
  };
  preload(
    (name) => {
      if (name === 'electron') return electron;
      throw new Error(`a sandboxed preload script cannot require '${name}'`);
    },
    { exports: {} },
  );
}

/**
 * @param preload the text of the preload script (CommonJS)
 * @returns the text of a script for Playwright's `addInitScript`
 */
export function initScript(preload: string): string {
  return `(${installInPage.toString()})((require, module) => { const exports = module.exports;\n${preload}\n});`;
}

/** What the harness calls in the page. */
export interface PageHarness {
  deliver(batch: [channel: string, args: unknown[]][]): Promise<void>;
  /** Name of a dropped file or folder → its absolute path. */
  dropped: Map<string, string>;
}
