import { execFileSync, fork } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DriftlineError } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import { systemClock } from '../ports.ts';
import type { StoreFile } from '../ports.ts';
import { openConfFile } from './conf-store.ts';
import { MAX_STORE_BYTES, decodeDocument, encodeDocument } from './document.ts';
import { MIGRATIONS, type Migrations } from './migrations.ts';
import { openStore } from './store.ts';
import type { Store } from './store.ts';

let folder: string;
let path: string;
const stores: Store[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-store-'));
  path = join(folder, 'driftline.json');
});
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
  rmSync(folder, { recursive: true, force: true });
});

let notices: string[] = [];
async function open(file: StoreFile = openConfFile(path), migrations?: Migrations): Promise<Store> {
  notices = [];
  const store = await openStore({
    file,
    clock: systemClock,
    notice: (message) => notices.push(message),
    ...(migrations && { migrations }),
  });
  stores.push(store);
  return store;
}

const host = (name: string): Host => ({
  id: '00000000-0000-4000-8000-000000000000',
  name,
  address: 'example.org',
  port: 22,
  user: 'me',
  auth: { kind: 'agent' },
  rsyncPath: '',
  jumpHostId: null,
  hostKey: null,
  createdAt: 1,
});
const add = (store: Store, name: string): Promise<void> =>
  store.change((document) => void document.hosts.push(host(name)));
const names = (store: Store): string[] => store.read().hosts.map((each) => each.name);
const codeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (error) {
    if (error instanceof DriftlineError) return error.data.code;
    throw error;
  }
  return 'no error';
};
const setAside = (): string[] => readdirSync(folder).filter((name) => name.includes('.bad-'));

describe('saving', () => {
  it('writes 0600 and leaves nothing but the file and its good copy', async () => {
    const store = await open();
    expect(store.read()).toEqual({ schemaVersion: 2, hosts: [], profiles: [] });
    await add(store, 'one');
    expect(readdirSync(folder).sort()).toEqual(['driftline.json', 'driftline.json.good']);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    expect(names(await open())).toEqual(['one']);
  });

  it('makes a wide file narrow again', async () => {
    await add(await open(), 'one');
    chmodSync(path, 0o644);
    await add(await open(), 'two');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('changes nothing when the change throws or does not fit', async () => {
    const store = await open();
    await add(store, 'one');
    const before = readFileSync(path, 'utf8');
    await expect(store.change(() => { throw new Error('no'); })).rejects.toThrow('no'); // prettier-ignore
    expect(await codeOf(() => store.change((document) => void document.hosts.push({ ...host('x'), port: 0 })))).toBe(
      'store-invalid',
    );
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(names(store)).toEqual(['one']);
  });

  it('a disk that keeps only a part gets the old file back', async () => {
    await add(await open(), 'one');
    const real = openConfFile(path);
    const full: StoreFile = { ...real, write: (text) => writeFileSync(path, text.slice(0, 40)) };
    const store = await open(full);
    expect(await codeOf(() => add(store, 'two'))).toBe('store-unwritable');
    expect(names(await open())).toEqual(['one']);
    expect(setAside()).toEqual([]);
  });

  it('sweeps the temporary files of a killed save', async () => {
    await add(await open(), 'one');
    writeFileSync(`${path}.tmp-1234`, 'half');
    writeFileSync(join(folder, 'driftline.json.tmp'), 'a file of the person');
    await open();
    expect(readdirSync(folder).sort()).toEqual(['driftline.json', 'driftline.json.good', 'driftline.json.tmp']);
  });
});

describe('a damaged file', () => {
  it('truncated at every byte is known as damaged', () => {
    const text = encodeDocument({ schemaVersion: 2, hosts: [host('one')], profiles: [] });
    for (let length = 0; length < text.length - 1; length++) {
      expect(decodeDocument(text.slice(0, length)).kind).toBe('damaged');
    }
  });

  it('truncated gives the last good copy, and the damaged file is kept', async () => {
    await add(await open(), 'one');
    const whole = readFileSync(path);
    for (const length of [0, 1, 20, 100, 150, 200, whole.length - 3, whole.length - 2]) {
      truncateSync(path, length);
      const store = await open();
      expect(names(store)).toEqual(['one']);
      expect(notices).toHaveLength(1);
      expect(readFileSync(path)).toEqual(whole);
      store.close();
    }
    // Not the collection of a lifetime.
    expect(setAside().length).toBeLessThanOrEqual(5);
  });

  it.each<[string, (whole: Buffer) => Buffer | string]>([
    ['zero-filled', (whole) => Buffer.alloc(whole.length)],
    ['random', () => Buffer.from('\x80\xff\x00garbage', 'latin1')],
    ['with __proto__ as a key', () => '{"schemaVersion":2,"hosts":[],"profiles":[],"__proto__":{"polluted":true}}'],
    [
      'with __proto__ in a host',
      (whole) => whole.toString().replace('"port": 22', '"port": 22, "__proto__": {"port": 1}'),
    ],
    ['with an unknown key', () => '{"schemaVersion":2,"hosts":[],"profiles":[],"more":1}'],
    ['of another type', () => '[]'],
    ['null', () => 'null'],
    ['deeply nested', () => '['.repeat(100_000)],
  ])('%s', async (_name, damage) => {
    await add(await open(), 'one');
    const bad = damage(readFileSync(path));
    writeFileSync(path, bad);
    expect(names(await open())).toEqual(['one']);
    expect(notices[0]).toMatch(/damaged.*last good copy is used/);
    expect(setAside()).toHaveLength(1);
    expect(readFileSync(join(folder, setAside()[0]!))).toEqual(Buffer.from(bad));
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('huge (sparse) is set aside unread', async () => {
    await add(await open(), 'one');
    truncateSync(path, MAX_STORE_BYTES * 40);
    expect(names(await open())).toEqual(['one']);
    expect(notices[0]).toContain('too large');
  });

  it('without a good copy starts empty and says so', async () => {
    writeFileSync(path, '{"schemaVersion":1');
    const store = await open();
    expect(names(store)).toEqual([]);
    expect(notices[0]).toContain('starting empty');
    await add(store, 'new');
    expect(names(await open())).toEqual(['new']);
  });

  it('gone comes back from the good copy', async () => {
    await add(await open(), 'one');
    rmSync(path);
    expect(names(await open())).toEqual(['one']);
  });

  it('damaged while the store is open is repaired by the next change', async () => {
    const store = await open();
    await add(store, 'one');
    writeFileSync(path, 'oops');
    await add(store, 'two');
    expect(names(await open())).toEqual(['one', 'two']);
  });
});

describe('versions', () => {
  it('a newer schema is neither read nor changed', async () => {
    const text = '{"schemaVersion":3,"hosts":{},"extra":true}';
    writeFileSync(path, text);
    const store = await open();
    expect(await codeOf(() => store.read())).toBe('store-newer');
    expect(await codeOf(() => add(store, 'one'))).toBe('store-newer');
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(readdirSync(folder)).toEqual(['driftline.json']);
  });

  it('an older schema goes through the steps and is written at the next change', async () => {
    writeFileSync(path, '{"schemaVersion":0,"machines":[]}');
    const steps: Migrations = { ...MIGRATIONS, 0: ({ machines }) => ({ hosts: machines, profiles: [] }) };
    const store = await open(openConfFile(path), steps);
    expect(store.read()).toEqual({ schemaVersion: 2, hosts: [], profiles: [] });
    await add(store, 'one');
    expect(decodeDocument(readFileSync(path, 'utf8')).kind).toBe('good');
  });

  it('version 1: one source folder and exclude patterns become sources and filter rules', () => {
    const [id, hostId] = ['00000000-0000-4000-8000-000000000001', host('h').id];
    const flags = { delete: true, checksum: false, update: false, numericIds: true };
    const excludes = ['*.tmp', '- a', '+ b', '!', ' c', '-d'];
    const old = {
      schemaVersion: 1,
      hosts: [host('h')],
      profiles: [
        {
          ...{ id, name: 'p', contentsOnly: true, createdAt: 1, lastRun: null },
          source: { kind: 'host', hostId, path: 'a\udc80' },
          destination: { kind: 'local', path: '/b' },
          options: { ...flags, excludes, timeout: 60 },
        },
      ],
    };
    const decoded = decodeDocument(JSON.stringify(old));
    expect(decoded).toMatchObject({ kind: 'good', document: { schemaVersion: 2, hosts: [{ name: 'h' }] } });
    expect(decoded.kind === 'good' && decoded.document.profiles).toEqual([
      {
        ...{ id, name: 'p', contentsOnly: true, createdAt: 1, lastRun: null, tags: [] },
        source: { kind: 'host', hostId, paths: ['a\udc80'] },
        destination: { kind: 'local', path: '/b' },
        options: { ...flags, filters: ['- *.tmp', '- a', '+ b', '!', '-  c', '- -d'], more: [], timeout: 60 },
      },
    ]);
  });

  it.each(['7', '[7]', '[{}]', '[{"source":7,"options":7}]', '[{"source":{},"options":{"excludes":7}}]'])(
    'version 1 with profiles %s is damaged',
    (profiles) => {
      expect(decodeDocument(`{"schemaVersion":1,"hosts":[],"profiles":${profiles}}`).kind).toBe('damaged');
    },
  );

  it('a version without a step is damaged, not lost', async () => {
    writeFileSync(path, '{"schemaVersion":0}');
    await open();
    expect(setAside()).toHaveLength(1);
  });

  it('what is encoded is decoded', () => {
    const document = { schemaVersion: 2 as const, hosts: [host('a \ud83d\ude00 \udc80')], profiles: [] };
    expect(decodeDocument(encodeDocument(document))).toEqual({ kind: 'good', document });
  });
});

describe('several processes', () => {
  it('a change by another store is seen and announced', async () => {
    const [mine, other] = [await open(), await open()];
    const seen = new Promise<string[]>((resolve) =>
      mine.onChange((document) => resolve(document.hosts.map((each) => each.name))),
    );
    await add(other, 'from elsewhere');
    expect(await seen).toEqual(['from elsewhere']);
    expect(names(mine)).toEqual(['from elsewhere']);
  });

  it('changes at the same time are all kept', async () => {
    const [a, b] = [await open(), await open()];
    await Promise.all(Array.from({ length: 20 }, (_, i) => add(i % 2 ? a : b, `h${i}`)));
    expect(names(await open()).sort()).toEqual(Array.from({ length: 20 }, (_, i) => `h${i}`).sort());
  });

  it('the lock of a killed process is taken over', async () => {
    const { pid } = await new Promise<{ pid: number }>((resolve, reject) => {
      const child = fork('-e', [''], { execArgv: [], stdio: 'ignore' });
      child.on('error', reject);
      child.on('exit', () => resolve({ pid: child.pid! }));
    });
    const hostname = execFileSync('hostname', { encoding: 'utf8' }).trim();
    const holder = { pid, start: 'x', host: hostname, token: 't', since: 0, about: {} };
    writeFileSync(`${path}.lock`, JSON.stringify(holder));
    await add(await open(), 'one');
    expect(existsSync(`${path}.lock`)).toBe(false);
  });
});
