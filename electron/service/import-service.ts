import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import { fail, toErrorData } from '../../shared/errors.ts';
import { HostDraft } from '../../shared/model/host.ts';
import type { Host } from '../../shared/model/host.ts';
import type {
  ImportChoice,
  ImportChoices,
  ImportOffer,
  ImportResult,
  ImportStanding,
} from '../../shared/model/import.ts';
import { ProfileDraft } from '../../shared/model/profile.ts';
import type { Profile } from '../../shared/model/profile.ts';
import type { SettingsChange } from '../../shared/model/settings.ts';
import { decodeExport } from './export-document.ts';
import { sameName } from './host-service.ts';
import type { HostService } from './host-service.ts';
import type { ProfileService } from './profile-service.ts';
import type { SettingsService } from './settings-service.ts';

export interface ImportService {
  /**
   * Reads an export and says what it would bring. Changes nothing.
   * @throws DriftlineError `usage`/`import-not-ours`, `import-newer`, `import-damaged`
   */
  open(text: string): ImportOffer;
  /**
   * Saves what was chosen of the last offer, hosts first; what cannot be saved is told and does not stop the rest.
   * Nothing of it is connected to or run.
   * @throws DriftlineError `usage`/`import-gone`
   */
  apply(choices: ImportChoices): Promise<ImportResult>;
}

/** What an export may say about a thing is what a person could have typed; the rest is made here. */
const hostDraft = (host: Host): HostDraft => v.parse(v.object(HostDraft.entries), host);
const profileDraft = (profile: Profile): ProfileDraft => v.parse(v.object(ProfileDraft.entries), profile);

export function createImportService(parts: {
  hosts: HostService;
  profiles: ProfileService;
  settings: SettingsService;
}): ImportService {
  let offer: ImportOffer | null = null;

  /** Hosts of the export that are saved here, as far as names and contents tell: export's id → id here. */
  function knownHosts(imported: readonly Host[]): Map<string, string> {
    const known = new Map<string, string>();
    for (const host of imported) {
      const here = parts.hosts.list().find((each) => sameName(each.name, host.name));
      if (here !== undefined) known.set(host.id, here.id);
    }
    return known;
  }

  function open(text: string): ImportOffer {
    const document = decodeExport(text);
    const known = knownHosts(document.hosts);
    const stand = <T extends { name: string }>(draft: T, here: readonly T[]): ImportStanding => {
      const namesake = here.find((each) => sameName(each.name, draft.name));
      if (namesake === undefined) return 'new';
      return isDeepStrictEqual(withHosts(draft, known), namesake) ? 'same' : 'conflict';
    };
    const hostsHere = parts.hosts.list().map(hostDraft);
    const profilesHere = parts.profiles.list().map(profileDraft);
    offer = {
      importId: randomUUID(),
      hosts: document.hosts.map((host) => ({ standing: stand(hostDraft(host), hostsHere), host })),
      profiles: document.profiles.map((profile) => ({
        standing: stand(profileDraft(profile), profilesHere),
        profile,
      })),
      settings: different(document.settings ?? {}, parts.settings.get()),
    };
    return offer;
  }

  async function apply(choices: ImportChoices): Promise<ImportResult> {
    if (offer === null || offer.importId !== choices.importId)
      throw fail('usage', 'import-gone', 'The export is no longer open.', { hint: 'Choose the file again.' });
    const { settings } = offer;
    const imported = offer.hosts.map(({ host }) => host);
    const profiles = chosen(
      offer.profiles.map(({ profile }) => profile),
      choices.profiles,
    );
    const waiting = chosen(imported, choices.hosts);
    offer = null;
    const result: ImportResult = { saved: 0, failed: [] };
    const attempt = async (name: string, work: () => Promise<void>): Promise<void> => {
      try {
        await work();
        result.saved++;
      } catch (error) {
        result.failed.push({ name, error: toErrorData(error).message });
      }
    };

    // Where a host of the export is not taken, its namesake here stands in for it.
    const ids = knownHosts(imported);
    for (const { thing } of waiting) ids.delete(thing.id);
    // A host may be reached through another of the export: that one is saved first.
    for (let before = -1; waiting.length !== before;) {
      before = waiting.length;
      for (const each of waiting.splice(0)) {
        const draft = hostDraft(each.thing);
        if (missingHost(draft, ids) === null)
          await attempt(draft.name, async () => {
            ids.set(each.thing.id, await save(parts.hosts, withHosts(draft, ids), each.replace));
          });
        else waiting.push(each);
      }
    }
    const drafts = [
      ...waiting.map(({ thing }) => ({ draft: hostDraft(thing), replace: null })),
      ...profiles.map(({ thing, replace }) => ({ draft: profileDraft(thing), replace })),
    ];
    for (const { draft, replace } of drafts) {
      await attempt(draft.name, async () => {
        const missing = missingHost(draft, ids);
        if (missing !== null || replace === null) {
          const name = imported.find(({ id }) => id === missing)?.name ?? 'that is not in the export';
          throw fail('usage', 'import-needs-host', `It needs the host “${name}”, which was not imported.`);
        }
        await save(parts.profiles, withHosts(draft as ProfileDraft, ids), replace);
      });
    }
    if (choices.settings && settings !== null)
      await attempt('Settings', async () => void (await parts.settings.update(settings)));
    return result;
  }

  return { open, apply };
}

interface Saves<T> {
  list(): (T & { id: string })[];
  add(draft: T, secret: null): Promise<{ id: string }>;
  update(id: string, draft: T, secret: null): Promise<{ id: string }>;
}

/** Replaces the namesake, or adds under the first free name. @returns the id here */
async function save<T extends { name: string }>(service: Saves<T>, draft: T, replace: boolean): Promise<string> {
  const here = service.list();
  const namesake = here.find((each) => sameName(each.name, draft.name));
  if (replace && namesake !== undefined) return (await service.update(namesake.id, draft, null)).id;
  let { name } = draft;
  for (let n = 2; here.some((each) => sameName(each.name, name)); n++) name = `${draft.name.slice(0, 190)} (${n})`;
  return (await service.add({ ...draft, name }, null)).id;
}

/** The things of the offer that were chosen. */
function chosen<T extends { id: string }>(
  all: readonly T[],
  wanted: readonly ImportChoice[],
): { thing: T; replace: boolean }[] {
  return wanted.map(({ id, how }) => {
    const thing = all.find((each) => each.id === id);
    if (thing === undefined) throw fail('usage', 'import-gone', 'The export holds no such entry.');
    return { thing, replace: how === 'replace' };
  });
}

const HOST_REFERENCE = /^(?:hostId|[a-z]+HostId)$/;

/** The same with every reference to a host put through `ids`; unknown ones stay. */
function withHosts<T>(value: T, ids: ReadonlyMap<string, string>): T {
  return mapReferences(value, (id) => ids.get(id) ?? id);
}

/** The first host that is referred to and not in `ids`. */
function missingHost(value: unknown, ids: ReadonlyMap<string, string>): string | null {
  let missing: string | null = null;
  mapReferences(value, (id) => {
    if (!ids.has(id)) missing ??= id;
    return id;
  });
  return missing;
}

function mapReferences<T>(value: T, map: (id: string) => string): T {
  return JSON.parse(
    JSON.stringify(value, (key, each: unknown) =>
      HOST_REFERENCE.test(key) && typeof each === 'string' ? map(each) : each,
    ),
  ) as T;
}

function different(change: SettingsChange, here: SettingsChange): SettingsChange | null {
  const entries = Object.entries(change).filter(
    ([key, value]) => !isDeepStrictEqual(value, here[key as keyof SettingsChange]),
  );
  return entries.length === 0 ? null : Object.fromEntries(entries);
}
