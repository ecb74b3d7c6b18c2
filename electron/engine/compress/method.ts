/** Every compression the protocol knows (reference §7.17), but for `none`. */
export type CompressionName = 'zstd' | 'lz4' | 'zlibx' | 'zlib';

/** What can be negotiated, in the stock order, which must not be changed (reference §2.3, pitfall 44). */
export const SUPPORTED_COMPRESSIONS: readonly CompressionName[] = Object.freeze([
  'zstd',
  'lz4',
  'zlibx',
  'zlib',
] as const);

/** How the file data of a connection is compressed. */
export interface Compression {
  readonly name: CompressionName;
  /** Within the method's range; 0 for lz4. */
  readonly level: number;
}

const LEVELS: Record<CompressionName, { min: number; max: number; usual: number }> = {
  zstd: { min: -131072, max: 22, usual: 3 },
  lz4: { min: 0, max: 0, usual: 0 },
  zlibx: { min: 1, max: 9, usual: 6 },
  zlib: { min: 1, max: 9, usual: 6 },
};

/**
 * A method at the level asked for, which is silently limited as by rsync.
 * @param asked `--compress-level`, or null
 * @returns null for zlib at level 0: no compression, and no compressed tokens
 */
export function compressionAt(name: CompressionName, asked: number | null): Compression | null {
  const { min, max, usual } = LEVELS[name];
  if (name === 'zstd')
    return { name, level: asked === null || asked === 0 ? usual : Math.max(min, Math.min(max, asked)) };
  if (name === 'lz4') return { name, level: usual };
  if (asked === 0) return null;
  return { name, level: asked === null || asked === -1 ? usual : Math.max(min, Math.min(max, asked)) };
}

/** Most compressed bytes of one packet (reference §7.17). */
export const MAX_PACKET = 16383;
