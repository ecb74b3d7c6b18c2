import { expect, it } from 'vitest';
import { majorOf, makeDevice, minorOf } from './device-number.ts';

it.runIf(process.platform === 'linux')('packs as glibc does', () => {
  expect(makeDevice(5, 1)).toBe(0x501);
  expect(makeDevice(259, 70000)).toBe(0x11110370);
  for (const major of [0, 1, 4095, 4096, 100000]) {
    for (const minor of [0, 255, 256, 1048575, 4294967295]) {
      const dev = makeDevice(major, minor);
      if (!Number.isSafeInteger(dev)) continue;
      expect([majorOf(dev), minorOf(dev)]).toEqual([major, minor]);
    }
  }
});
