/**
 * Device numbers in one piece, as protocols before 28 send them (§6.7): packed the way the sender's system does it. This
 * is Linux's way, so that numbers survive between systems that are alike, which is all that was ever promised.
 */

/** @param major up to 4095; @param minor up to 2^20−1 */
export const packDevice = (major: number, minor: number): number =>
  ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12)) >>> 0;

export function unpackDevice(packed: number): { major: number; minor: number } {
  return { major: (packed >>> 8) & 0xfff, minor: (packed & 0xff) | ((packed >>> 12) & 0xfff00) };
}
