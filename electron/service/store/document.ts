import * as v from 'valibot';
import { Host } from '../../../shared/model/host.ts';
import { Profile } from '../../../shared/model/profile.ts';
import { SettingsChange } from '../../../shared/model/settings.ts';
import { MIGRATIONS, type Migrations } from './migrations.ts';

/** The schema this version writes. Raise it together with a new step in migrations.ts. */
export const SCHEMA_VERSION = 2;

/** Everything a person has saved, as one JSON document. Secrets are never in it. */
export const StoreDocument = v.strictObject({
  schemaVersion: v.literal(SCHEMA_VERSION),
  hosts: v.pipe(v.array(Host), v.maxLength(10_000)),
  profiles: v.pipe(v.array(Profile), v.maxLength(10_000)),
  /** What differs from the defaults; documents without it are as old as version 1. */
  settings: v.exactOptional(SettingsChange),
});
export type StoreDocument = v.InferOutput<typeof StoreDocument>;

const Versioned = v.object({ schemaVersion: v.pipe(v.number(), v.integer(), v.minValue(0)) });

/** Larger files are not ours: ten thousand hosts and profiles with their rules stay well below. */
export const MAX_STORE_BYTES = 64 * 1024 * 1024;

export const emptyDocument = (): StoreDocument => ({ schemaVersion: SCHEMA_VERSION, hosts: [], profiles: [] });

export type Decoded =
  | { kind: 'good'; document: StoreDocument }
  /** Written by a later version: must be neither changed nor guessed at. */
  | { kind: 'newer'; version: number }
  | { kind: 'damaged'; why: string };

/**
 * Reads a document of this or an older version. Never throws: a damaged file is a case like any other.
 *
 * @param text the file's content
 * @param migrations the steps for older versions
 */
export function decodeDocument(text: string, migrations: Migrations = MIGRATIONS): Decoded {
  try {
    return decodeValue(JSON.parse(text), migrations);
  } catch (error) {
    return { kind: 'damaged', why: error instanceof SyntaxError ? 'not JSON' : String(error) };
  }
}

/** The same for JSON that was parsed already. */
export function decodeValue(raw: unknown, migrations: Migrations = MIGRATIONS): Decoded {
  try {
    if (!v.is(Versioned, raw)) return { kind: 'damaged', why: 'no schema version' };
    // Not the schema's output: copying unknown keys would make a prototype out of a key `__proto__`.
    let data = raw as v.InferOutput<typeof Versioned> & Record<string, unknown>;
    if (data.schemaVersion > SCHEMA_VERSION) return { kind: 'newer', version: data.schemaVersion };
    while (data.schemaVersion < SCHEMA_VERSION) {
      const step = migrations[data.schemaVersion];
      if (step === undefined) return { kind: 'damaged', why: `no way from version ${data.schemaVersion}` };
      data = { ...step(data), schemaVersion: data.schemaVersion + 1 };
    }
    const parsed = v.safeParse(StoreDocument, data);
    if (parsed.success) return { kind: 'good', document: parsed.output };
    return { kind: 'damaged', why: `${v.getDotPath(parsed.issues[0]) ?? 'document'}: ${parsed.issues[0].message}` };
  } catch (error) {
    // A step that did not expect what it found.
    return { kind: 'damaged', why: String(error instanceof Error ? error.message : error) };
  }
}

export const encodeDocument = (document: StoreDocument): string => `${JSON.stringify(document, undefined, 2)}\n`;
