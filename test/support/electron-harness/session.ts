import { EventEmitter } from 'node:events';
import { record } from './recorded.ts';
import { protocol } from './scheme.ts';

/** Permission and request filters are recorded, not applied: Chromium here does not ask the application. */
const filter = (name: string) => (): void => record(`session.${name}`);

export const defaultSession = Object.assign(new EventEmitter(), {
  protocol,
  setPermissionRequestHandler: filter('setPermissionRequestHandler'),
  setPermissionCheckHandler: filter('setPermissionCheckHandler'),
  setDevicePermissionHandler: filter('setDevicePermissionHandler'),
  setSpellCheckerEnabled: filter('setSpellCheckerEnabled'),
  clearStorageData: (): Promise<void> => Promise.resolve(),
  webRequest: {
    onBeforeRequest: filter('onBeforeRequest'),
    onHeadersReceived: filter('onHeadersReceived'),
    onBeforeSendHeaders: filter('onBeforeSendHeaders'),
  },
});

export const session = { defaultSession, fromPartition: () => defaultSession };
