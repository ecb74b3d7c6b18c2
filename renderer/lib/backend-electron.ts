import type { FromService, ToService } from '../../shared/ipc/define.ts';
import type { Backend } from './backend.ts';
import { createClient } from './client.ts';

/** What the preload script exposes; the one place in the renderer that reads `window.driftline`. */
interface Bridge {
  send(message: ToService): void;
  onMessage(listener: (message: FromService) => void): () => void;
  pathForFile(file: File): string;
}

export function electronBridge(): Bridge | null {
  return (window as { driftline?: Bridge }).driftline ?? null;
}

export function createElectronBackend(bridge: Bridge): Backend {
  const { client, receive } = createClient((message) => bridge.send(message));
  bridge.onMessage(receive);
  return {
    ...client,
    onConnection(listener) {
      listener('open');
      return () => undefined;
    },
    pathForFile: (file) => bridge.pathForFile(file),
  };
}
