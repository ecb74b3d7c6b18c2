import { describe, expect, it } from 'vitest';
import type { PathText } from '../../../shared/model/path.ts';
import { isOtherVolume, mountOf, volumeWords } from './volume.ts';
import type { Volume } from './volume.ts';

const MOUNTS = [
  '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
  '30 22 0:26 / /media/my\\040disk rw - vfat /dev/sdb1 rw',
  '31 22 0:27 / /media rw - tmpfs none rw',
  '32 31 8:17 /sub /media/usb rw master:1 - ext4 /dev/sdb1 rw',
  '33 31 0:40 / /media/usb rw - nfs4 nas:/share rw',
  'a line that is none',
].join('\n');

describe('the mount a path is on', () => {
  it.each([
    ['/', '/', 'ext4'],
    ['/home', '/', 'ext4'],
    ['/mediation', '/', 'ext4'],
    ['/media/usbx', '/media', 'tmpfs'],
    ['/media/usb', '/media/usb', 'nfs4'],
    ['/media/usb/a/b', '/media/usb', 'nfs4'],
    ['/media/my disk/a', '/media/my disk', 'vfat'],
  ])('%s', (path, mountPoint, type) => {
    expect(mountOf(path, MOUNTS)).toMatchObject({ mountPoint, type });
  });
  it('none without any', () => {
    expect(mountOf('/a', '')).toBeNull();
  });
});

describe('two looks at one folder', () => {
  const usb: Volume = { mountPoint: '/media/usb' as PathText, type: 'ext4', source: '/dev/sdb1', uuid: 'A' };
  it.each<[string, Partial<Volume>, boolean]>([
    ['the same', {}, false],
    ['plugged in elsewhere', { source: '/dev/sdc1' }, false],
    ['not mounted', { mountPoint: '/' as PathText, uuid: 'B' }, true],
    ['another disk', { uuid: 'B' }, true],
    ['another kind, nothing to tell them apart by', { type: 'vfat', uuid: null }, true],
    ['another device, nothing else to tell', { source: '/dev/sdc1', uuid: null }, true],
  ])('%s', (_name, now, other) => {
    expect(isOtherVolume(usb, { ...usb, ...now })).toBe(other);
  });
  it('is said in words', () => {
    expect(volumeWords(usb)).toBe('/media/usb (ext4, /dev/sdb1)');
    expect(volumeWords({ mountPoint: '/a\nb' as PathText, type: null, source: null, uuid: null })).toBe('/a\\x0ab');
  });
});
