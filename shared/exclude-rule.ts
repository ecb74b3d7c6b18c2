import { bytesToText, textToBytes, type ByteString, type PathText } from './model/path.ts';
import type { ExcludeScope, PlanRow } from './model/preview.ts';

/** A filter pattern and what it is about, from one row of a plan. */
export interface Exclusion {
  /** rsync's pattern, without the `- ` in front. */
  pattern: PathText;
  /** Whether the pattern leaves out the entry of this name, by itself or with a folder above it. */
  matches(name: ByteString): boolean;
}

/** A backslash means itself only in patterns without wildcards (rsync(1), "PATTERN MATCHING RULES"). */
const escaped = (name: ByteString): ByteString => (/[*?[]/.test(name) ? name.replace(/[\\*?[]/g, '\\$&') : name);

/**
 * The pattern that leaves out a row, or others like it; null where there is none: the mirrored folder itself, an entry
 * without an extension, one that is in no folder.
 */
export function exclusionFor(row: Pick<PlanRow, 'path' | 'kind'>, scope: ExcludeScope): Exclusion | null {
  const name = textToBytes(row.path);
  if (name === '.') return null;
  const slash = name.lastIndexOf('/');
  const base = name.slice(slash + 1);
  const isOrInside = (top: ByteString) => (other: ByteString) => other === top || other.startsWith(`${top}/`);
  switch (scope) {
    case 'item':
      return { pattern: text(`/${escaped(name)}${row.kind === 'dir' ? '/' : ''}`), matches: isOrInside(name) };
    case 'folder': {
      const folder = row.kind === 'dir' ? name : name.slice(0, Math.max(0, slash));
      return folder === '' ? null : { pattern: text(`/${escaped(folder)}/`), matches: isOrInside(folder) };
    }
    case 'name':
      return { pattern: text(escaped(base)), matches: (other) => other.split('/').includes(base) };
    case 'extension': {
      const dot = base.lastIndexOf('.');
      if (dot <= 0 || dot === base.length - 1) return null;
      const suffix = base.slice(dot);
      return {
        pattern: text(`*${suffix.replace(/[\\*?[]/g, '\\$&')}`),
        matches: (other) => other.split('/').some((part) => part.endsWith(suffix)),
      };
    }
  }
}

const text = (pattern: ByteString): PathText => bytesToText(pattern);
