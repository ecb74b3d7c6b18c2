import { fail } from '../../../shared/errors.ts';

/** Bytes of a sum head on the wire. */
export const SUM_HEAD_BYTES = 16;

/** Describes a basis file cut into blocks (reference §7.5). All zeros: no basis, everything is sent as literals. */
export interface SumHead {
  /** Number of blocks. */
  readonly count: number;
  /** Bytes of every block but perhaps the last. */
  readonly blockLength: number;
  /** Bytes of the strong sum sent per block. */
  readonly strongLength: number;
  /** Bytes of the last block if it is shorter, else 0. */
  readonly remainder: number;
}

export const NO_BASIS: SumHead = Object.freeze({ count: 0, blockLength: 0, strongLength: 0, remainder: 0 });

/** Longest block from protocol 30 on (reference §12.2). */
export const MAX_BLOCK_LENGTH = 131072;

/**
 * Longest block before protocol 30. The protocol allows 512 MiB, which one request could make us hold several times;
 * peers choose the square root of a file's length, so this is enough for 256 TiB.
 */
export const OLD_MAX_BLOCK_LENGTH = 2 ** 24;

/** Most bytes the block sums of one file may take: enough for the full sums of a 13 TiB file in the longest blocks. */
export const MAX_SIGNATURE_BYTES = 2 ** 31;

const DEFAULT_BLOCK_LENGTH = 700;
const MAX_SUM_SENT = 16;
const MAX_COUNT = 0x7fffffff;
/** Bits of sum wanted beyond what the file's length and the block's length call for. */
const SPARE_BITS = 10;

export interface SumHeadOptions {
  /** `--block-size`, or 0 for the protocol's own choice. */
  blockSize: number;
  /** Bytes of a full sum of the transfer's checksum. */
  checksumLength: number;
  /** Second attempt after a failed verification: full sums. */
  redo: boolean;
  /** Longest block the protocol version allows; {@link MAX_BLOCK_LENGTH} unless told. */
  maxBlock?: number;
}

/**
 * Chooses how to cut a basis of this many bytes (reference §7.5).
 * @returns zeros for an empty basis, and for one whose sums would pass {@link MAX_SIGNATURE_BYTES}.
 */
export function chooseSumHead(basisLength: number, options: SumHeadOptions): SumHead {
  if (basisLength <= 0) return NO_BASIS;
  const maxBlock = options.maxBlock ?? MAX_BLOCK_LENGTH;
  const blockLength =
    options.blockSize > 0 ? Math.min(options.blockSize, maxBlock) : chooseBlockLength(basisLength, maxBlock);
  const longest = Math.min(MAX_SUM_SENT, options.checksumLength);
  const strongLength = options.redo ? longest : chooseStrongLength(basisLength, blockLength, longest);
  const count = Math.ceil(basisLength / blockLength);
  if (count > MAX_COUNT || count * (4 + strongLength) > MAX_SIGNATURE_BYTES) return NO_BASIS;
  return { count, blockLength, strongLength, remainder: basisLength % blockLength };
}

/** About the square root of the length, in steps of 8 so that growing files keep their blocks for a while. */
function chooseBlockLength(basisLength: number, maxBlock: number): number {
  if (basisLength <= DEFAULT_BLOCK_LENGTH * DEFAULT_BLOCK_LENGTH) return Math.min(DEFAULT_BLOCK_LENGTH, maxBlock);
  let bit = 1;
  for (let rest = Math.floor(basisLength / 4); rest > 0; rest = Math.floor(rest / 4)) bit *= 2;
  if (bit >= maxBlock) return maxBlock;
  let length = 0;
  for (; bit >= 8; bit /= 2) {
    const longer = length + bit;
    if (basisLength >= longer * longer) length = longer;
  }
  return Math.max(length, DEFAULT_BLOCK_LENGTH);
}

function chooseStrongLength(basisLength: number, blockLength: number, longest: number): number {
  let bits = SPARE_BITS;
  for (let rest = Math.floor(basisLength / 2); rest > 0; rest = Math.floor(rest / 2)) bits += 2;
  for (let rest = blockLength >> 1; rest > 0 && bits > 0; rest >>= 1) bits--;
  const bytes = Math.trunc((bits + 1 - 32 + 7) / 8); // the weak sum brings 32 bits; truncates towards zero (pitfall 34)
  return Math.max(2, Math.min(bytes, longest));
}

export interface SumHeadBounds {
  /** Bytes of a full sum of the transfer's checksum. */
  checksumLength: number;
  /** Longest block the protocol version allows; {@link MAX_BLOCK_LENGTH} unless told. */
  maxBlock?: number;
  /** Longest basis that makes sense, in bytes; unbounded unless told. */
  maxLength?: number;
}

/**
 * Checks a sum head from the peer before anything is allocated by it (reference R24). Fields are the signed 32-bit
 * integers of the wire.
 * @returns the same head.
 * @throws protocol/bad-sum-head
 */
export function validateSumHead(head: SumHead, bounds: SumHeadBounds): SumHead {
  const bad = impossible(head, bounds);
  if (bad === null) return head;
  throw fail('protocol', 'bad-sum-head', `The peer announced block sums with an impossible value: ${bad}.`);
}

function impossible(head: SumHead, bounds: SumHeadBounds): string | null {
  const { count, blockLength, strongLength, remainder } = head;
  if (count < 0) return `block count ${count}`;
  if (blockLength < 0 || blockLength > (bounds.maxBlock ?? MAX_BLOCK_LENGTH)) return `block length ${blockLength}`;
  if (blockLength === 0 && count > 0) return 'block length 0';
  if (strongLength < 0 || strongLength > bounds.checksumLength) return `checksum length ${strongLength}`;
  if (remainder < 0 || remainder > blockLength) return `remainder ${remainder}`;
  if (count * (4 + strongLength) > MAX_SIGNATURE_BYTES) return `block count ${count}, more than can be held`;
  const length = basisLengthOf(head);
  if (bounds.maxLength !== undefined && length > bounds.maxLength) return `a basis of ${length} bytes`;
  return null;
}

/** Bytes of the basis that the head describes. */
export function basisLengthOf(head: SumHead): number {
  if (head.count === 0) return 0;
  return head.remainder === 0 ? head.count * head.blockLength : (head.count - 1) * head.blockLength + head.remainder;
}

/** Bytes of block `index`; the last may be shorter (pitfall 35: remainder 0 means it is full). */
export function blockLengthAt(head: SumHead, index: number): number {
  return index === head.count - 1 && head.remainder !== 0 ? head.remainder : head.blockLength;
}

export function sameSumHead(a: SumHead, b: SumHead): boolean {
  return (
    a.count === b.count &&
    a.blockLength === b.blockLength &&
    a.strongLength === b.strongLength &&
    a.remainder === b.remainder
  );
}
