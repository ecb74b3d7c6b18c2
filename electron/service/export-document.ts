import { fail } from '../../shared/errors.ts';
import type { DriftlineError } from '../../shared/errors.ts';
import { MAX_EXPORT_LENGTH } from '../../shared/model/import.ts';
import { isOfDemo } from './demo-service.ts';
import type { DemoTraces } from './demo-service.ts';
import { SCHEMA_VERSION, decodeValue } from './store/document.ts';
import type { StoreDocument } from './store/document.ts';

/** The key that tells an export from other JSON. */
const FORMAT = 'driftline-export';

/** @returns `driftline-2026-11-26.json` for that day, on this computer's calendar */
export function exportName(now: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `driftline-${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}.json`;
}

/**
 * What a person saved, as a text to keep or to take elsewhere: the store's document without what belongs to this
 * computer alone. Results of runs stay here. Accepted server keys too: who receives the file has to see and accept
 * them, since a file can be changed on its way. Secrets are in no store.
 *
 * @param demo what is saved for the demo, which ends with its process: it stays here, with all that uses it
 */
export function encodeExport(document: Readonly<StoreDocument>, demo: DemoTraces): string {
  const kept = {
    ...document,
    hosts: document.hosts.filter(({ id }) => id !== demo.hostId).map((host) => ({ ...host, hostKey: null })),
    profiles: document.profiles
      .filter((profile) => !isOfDemo(profile, demo))
      .map((profile) => ({ ...profile, lastRun: null })),
  };
  return `${JSON.stringify({ format: FORMAT, ...kept }, undefined, 2)}\n`;
}

/**
 * Reads an export of this or an older version. The text may come from anywhere: what it says of accepted keys and past
 * runs is forgotten.
 *
 * @throws DriftlineError `usage`/`import-not-ours`, `import-newer`, `import-damaged`
 */
export function decodeExport(text: string): StoreDocument {
  if (text.length > MAX_EXPORT_LENGTH) throw notOurs('it is too large');
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw notOurs('it is not JSON');
  }
  if (typeof raw !== 'object' || raw === null || !Object.hasOwn(raw, 'format')) throw notOurs('it has no format');
  const { format, ...rest } = raw as { format: unknown };
  if (format !== FORMAT) throw notOurs('it is of another kind');
  const decoded = decodeValue(rest);
  switch (decoded.kind) {
    case 'newer':
      throw fail(
        'usage',
        'import-newer',
        `The export was made by a later version of Driftline (format ${decoded.version}, this one knows ${SCHEMA_VERSION}).`,
        { hint: 'Update Driftline here, then import again. Nothing was changed.' },
      );
    case 'damaged':
      throw damaged(decoded.why);
    case 'good':
      return checked(decoded.document);
  }
}

function checked(document: StoreDocument): StoreDocument {
  for (const list of [document.hosts, document.profiles]) {
    if (new Set(list.map(({ id }) => id)).size !== list.length) throw damaged('an identifier is used twice');
  }
  return {
    ...document,
    hosts: document.hosts.map((host) => ({ ...host, hostKey: null })),
    profiles: document.profiles.map((profile) => ({ ...profile, lastRun: null })),
  };
}

const notOurs = (why: string): DriftlineError =>
  fail('usage', 'import-not-ours', `This is no export of Driftline: ${why}.`, {
    hint: 'Choose the file that “Export” saved.',
  });

const damaged = (why: string): DriftlineError =>
  fail('usage', 'import-damaged', `The export is damaged (${why}).`, {
    hint: 'Export again and take the new file. Nothing was changed.',
  });
