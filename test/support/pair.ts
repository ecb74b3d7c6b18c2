import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { EngineEvent, ItemEvent } from '../../electron/engine/events.ts';
import type { Gate } from '../../electron/engine/gate.ts';
import { runTransfer, type PeerStarter, type TransferResult } from '../../electron/engine/index.ts';
import { parseClientWords } from '../../electron/engine/options/parse.ts';
import { serve } from '../../electron/engine/serve.ts';
import { createLocalPair, createServedPair } from '../../electron/engine/transport/local.ts';
import { faultTransport, type Faults } from './fault-transport.ts';

/** Two folders below a temporary one, removed by `remove`. */
export function twoFolders(): { root: string; src: string; dst: string; journals: string; remove(): void } {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'driftline-pair-'));
  const journals = path.join(root, 'journals');
  fs.mkdirSync(path.join(root, 'src'));
  fs.mkdirSync(journals, { mode: 0o700 });
  return {
    root,
    src: path.join(root, 'src'),
    dst: path.join(root, 'dst'),
    journals,
    remove: () => fs.rmSync(root, { recursive: true, force: true }),
  };
}

export interface PairRun {
  result: TransferResult;
  events: EngineEvent[];
  items: ItemEvent[];
}

/** Our client against our own `--server`, in memory. `words` are rsync's, without the paths. */
export async function transferPair(
  direction: 'push' | 'pull',
  words: readonly string[],
  from: string,
  to: string,
  more: {
    faults?: Faults;
    signal?: AbortSignal;
    gate?: Gate;
    journals?: string;
    /** As in a local copy: both sides know that they are one process. */
    local?: boolean;
    onEvent?: (event: EngineEvent) => void;
  } = {},
): Promise<PairRun> {
  const { options } = parseClientWords([...words], () => '');
  const events: EngineEvent[] = [];
  let served: Promise<number> = Promise.resolve(0);
  const startPeer: PeerStarter = (serverWords) => {
    const { client, server } = more.local ? createLocalPair() : createServedPair();
    served = serve(server, serverWords, { journalDir: more.journals ?? null });
    return Promise.resolve(more.faults ? faultTransport(client, more.faults) : client);
  };
  const running = runTransfer(
    {
      options,
      direction,
      sources: [from],
      destination: to,
      startPeer,
      local: more.local ?? false,
      journalDir: more.journals ?? null,
    },
    {
      signal: more.signal ?? new AbortController().signal,
      ...(more.gate ? { gate: more.gate } : {}),
      onEvent: (event) => {
        events.push(event);
        more.onEvent?.(event);
      },
    },
  );
  // The server is done before anybody looks at what it left.
  const result = await running.finally(() => served);
  return { result, events, items: events.filter((event) => event.type === 'item') };
}

/** Every path below a folder, for "no litter" checks. */
export function allNames(folder: string): string[] {
  if (!fs.existsSync(folder)) return [];
  return (fs.readdirSync(folder, { recursive: true, encoding: 'latin1' }) as string[]).sort();
}
