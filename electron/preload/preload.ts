import { contextBridge, ipcRenderer, webUtils } from 'electron';
import type { FromService, ToService } from '../../shared/ipc/define.ts';
import { FROM_SERVICE, TO_SERVICE } from '../../shared/ipc/channels.ts';

/** All that the page gets: two directions of one message channel, and where a dropped folder lies. */
contextBridge.exposeInMainWorld('driftline', {
  send: (message: ToService): void => ipcRenderer.send(TO_SERVICE, message),
  onMessage: (listener: (message: FromService) => void): (() => void) => {
    // The event object would hand the page ipcRenderer itself.
    const pass = (_event: unknown, message: FromService): void => listener(message);
    ipcRenderer.on(FROM_SERVICE, pass);
    return () => void ipcRenderer.off(FROM_SERVICE, pass);
  },
  pathForFile: (file: File): string => webUtils.getPathForFile(file),
});
