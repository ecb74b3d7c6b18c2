import fs from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { DriftlineError } from '../../shared/errors.ts';
import { runTransfer } from '../../electron/engine/index.ts';
import { parseClientWords } from '../../electron/engine/options/parse.ts';
import { faultTransport } from './fault-transport.ts';
import { allNames, twoFolders } from './pair.ts';
import { scriptedClient, scriptedServer, type ScriptedPeer } from './scripted-peer.ts';

/** Which side of ours a scripted peer talks to. */
export const SIDES = ['client', 'server'] as const;
export type Side = (typeof SIDES)[number];

export interface Attack {
  /** rsync's words, without the paths. */
  words?: readonly string[];
  /** What a client of ours asks for. */
  source?: string;
  incRecurse?: boolean;
  /** Damages what the peer sends. */
  damage?: (chunk: Buffer, offset: number) => Buffer;
  /** A conversation that hangs is ended after so many milliseconds, which judges nothing. */
  patience?: number;
}

/** How it ended for us. `code` is `kind/code` of the error a client of ours ended with; a server has only its text. */
export interface Outcome {
  exitCode: number;
  code: string | null;
  text: string;
}

/** A destination with an old file, a source, and beside them what nobody may touch. */
export class Battlefield {
  readonly folders = twoFolders();
  readonly #canaryDir: string;

  constructor() {
    const { root, src, dst } = this.folders;
    this.#canaryDir = path.join(root, 'outside');
    fs.mkdirSync(this.#canaryDir);
    fs.writeFileSync(path.join(this.#canaryDir, 'canary'), 'sings', { mode: 0o640 });
    fs.chmodSync(path.join(this.#canaryDir, 'canary'), 0o640);
    fs.mkdirSync(dst);
    fs.writeFileSync(path.join(dst, 'old'), 'old content');
    fs.writeFileSync(path.join(src, 'a'), 'content');
    fs.mkdirSync(path.join(src, 'd'));
  }

  read(name: string): string {
    return fs.readFileSync(path.join(this.folders.dst, name), 'latin1');
  }

  /** Nothing outside was touched, nothing half made is left, no journal has an open entry. */
  check(): void {
    const { root, journals } = this.folders;
    expect(allNames(this.#canaryDir)).toEqual(['canary']);
    const canary = path.join(this.#canaryDir, 'canary');
    expect(fs.readFileSync(canary, 'latin1')).toBe('sings');
    expect(fs.statSync(canary).mode & 0o7777).toBe(0o640);
    expect(fs.readdirSync(root).sort()).toEqual(['dst', 'journals', 'outside', 'src']);
    expect(allNames(root).filter((name) => /(^|\/)\.[^/]*\.[A-Za-z0-9]{6}$/.test(name))).toEqual([]);
    expect(allNames(journals)).toEqual([]);
  }

  /** Our receiver and a scripted sender. */
  receive(side: Side, attack: Attack, script: (peer: ScriptedPeer) => Promise<void>): Promise<Outcome> {
    return this.#run(side, 'pull', attack, script);
  }

  /** Our sender and a scripted receiver. */
  send(side: Side, attack: Attack, script: (peer: ScriptedPeer) => Promise<void>): Promise<Outcome> {
    return this.#run(side, 'push', attack, script);
  }

  async #run(
    side: Side,
    direction: 'pull' | 'push',
    { words = ['-r'], source = '/srv/', incRecurse = false, damage, patience }: Attack,
    script: (peer: ScriptedPeer) => Promise<void>,
  ): Promise<Outcome> {
    const { src, dst, journals } = this.folders;
    if (side === 'server') {
      const serverSends = direction === 'push';
      const { exitCode, text } = await scriptedClient(words, serverSends ? `${src}/` : dst, script, {
        ...{ serverSends, incRecurse, damage, patience },
      });
      return { exitCode, code: null, text };
    }
    let text = '';
    const startPeer = scriptedServer(script, incRecurse);
    const abort = new AbortController();
    const timer = patience === undefined ? undefined : setTimeout(() => abort.abort(), patience);
    try {
      const result = await runTransfer(
        {
          options: parseClientWords(words, () => '').options,
          direction,
          sources: [direction === 'pull' ? source : `${src}/`],
          destination: direction === 'pull' ? dst : '/srv/',
          startPeer: async (serverWords) => {
            const transport = await startPeer(serverWords);
            return damage ? faultTransport(transport, { receive: damage }) : transport;
          },
          local: false,
          journalDir: journals,
        },
        {
          signal: abort.signal,
          onEvent: (event) => {
            if (event.type === 'issue') text += `${event.issue.code}: ${event.issue.message}\n`;
          },
        },
      );
      return { exitCode: result.exitCode, code: null, text };
    } catch (error) {
      // Anything else is a bug of ours, whatever the peer did.
      if (!(error instanceof DriftlineError)) throw error;
      const { kind, code, exitCode, message } = error.data;
      return { exitCode, code: `${kind}/${code}`, text: message };
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The attack ended in the refusal a table says, and it was not said in words meant for our own mistakes. */
export function expectRefused(side: Side, outcome: Outcome, code: string, exitCode = 12): void {
  if (side === 'client') expect(outcome.code).toBe(`protocol/${code}`);
  else expect(outcome.text).toMatch(/^driftline: The peer/m);
  expect(outcome.exitCode).toBe(exitCode);
}
