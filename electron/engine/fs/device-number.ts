/**
 * Packing of major and minor numbers into st_rdev / st_dev (man 3 makedev). Linux spreads both over 64 bits; macOS uses
 * 8 and 24 bits. Arithmetic instead of bit operators, since the values pass 32 bits.
 */
const DARWIN = process.platform === 'darwin';

export function majorOf(dev: number): number {
  if (DARWIN) return Math.floor(dev / 0x1000000) % 0x100;
  return (Math.floor(dev / 0x100) % 0x1000) + Math.floor(dev / 0x100000000000) * 0x1000;
}

export function minorOf(dev: number): number {
  if (DARWIN) return dev % 0x1000000;
  return (dev % 0x100) + (Math.floor(dev / 0x100000) % 0x1000000) * 0x100;
}

export function makeDevice(major: number, minor: number): number {
  if (DARWIN) return major * 0x1000000 + minor;
  return (
    (minor % 0x100) +
    (major % 0x1000) * 0x100 +
    Math.floor(minor / 0x100) * 0x100000 +
    Math.floor(major / 0x1000) * 0x100000000000
  );
}
