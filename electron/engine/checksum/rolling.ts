/**
 * The weak sum of a block (reference §7.6): low half s1, the sum of the bytes; high half s2, the sum of the running
 * values of s1. Bytes are signed and there is no offset constant (pitfall 1).
 * @returns the 32 bits as a signed integer, which V8 keeps unboxed; `>>> 0` gives the unsigned value.
 */
export function weakSum(data: Uint8Array, offset: number, length: number): number {
  const end = offset + length;
  const fast = offset + (length & ~7);
  let s1 = 0;
  let s2 = 0;
  let i = offset;
  // Eight bytes a turn. Sums may wrap at 32 bits: only the low 16 of each half count.
  for (; i < fast; i += 8) {
    s1 = (s1 + ((data[i]! << 24) >> 24)) | 0;
    s2 = (s2 + s1) | 0;
    s1 = (s1 + ((data[i + 1]! << 24) >> 24)) | 0;
    s2 = (s2 + s1) | 0;
    s1 = (s1 + ((data[i + 2]! << 24) >> 24)) | 0;
    s2 = (s2 + s1) | 0;
    s1 = (s1 + ((data[i + 3]! << 24) >> 24)) | 0;
    s2 = (s2 + s1) | 0;
    s1 = (s1 + ((data[i + 4]! << 24) >> 24)) | 0;
    s2 = (s2 + s1) | 0;
    s1 = (s1 + ((data[i + 5]! << 24) >> 24)) | 0;
    s2 = (s2 + s1) | 0;
    s1 = (s1 + ((data[i + 6]! << 24) >> 24)) | 0;
    s2 = (s2 + s1) | 0;
    s1 = (s1 + ((data[i + 7]! << 24) >> 24)) | 0;
    s2 = (s2 + s1) | 0;
  }
  for (; i < end; i++) {
    s1 = (s1 + ((data[i]! << 24) >> 24)) | 0;
    s2 = (s2 + s1) | 0;
  }
  return (s1 & 0xffff) | (s2 << 16);
}

/**
 * Moves a window of `length` bytes one byte on: rolls `out`, its first byte, out and `next` in; both signed. The hot
 * loop of the search has this inline.
 */
export function rollWeakSum(weak: number, length: number, out: number, next: number): number {
  const s1 = (weak & 0xffff) - out + next;
  const s2 = (weak >>> 16) - Math.imul(length, out) + s1;
  return (s1 & 0xffff) | (s2 << 16);
}
