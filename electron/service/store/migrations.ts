import { excludeRule } from '../../../shared/model/profile.ts';

type Fields = Record<string, unknown>;

/** Turns a document of version `key` into one of version `key + 1`. The schema judges the result, so nothing is checked. */
export type Migrations = Readonly<Record<number, (document: Fields) => Fields>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Version 1 had one source folder, exclude patterns instead of filter rules, no tags and no further options. */
function toVersion2(document: Fields): Fields {
  const { profiles } = document;
  return Array.isArray(profiles) ? { ...document, profiles: profiles.map(profileToVersion2) } : document;
}

function profileToVersion2(profile: unknown): unknown {
  if (!isFields(profile) || !isFields(profile.source) || !isFields(profile.options)) return profile;
  const { path, ...place } = profile.source;
  const { excludes, ...options } = profile.options;
  const filters = Array.isArray(excludes)
    ? excludes.map((pattern: unknown) => (typeof pattern === 'string' ? excludeRule(pattern) : pattern))
    : excludes;
  return { ...profile, tags: [], source: { ...place, paths: [path] }, options: { ...options, filters, more: [] } };
}

export const MIGRATIONS: Migrations = { 1: toVersion2 };
