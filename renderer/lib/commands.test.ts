import { describe, expect, it } from 'vitest';
import { ACCELERATORS } from '../../shared/model/window-command.ts';
import { commandOf } from './commands.ts';

const key = (text: string, more: Partial<Parameters<typeof commandOf>[0]> = {}) => ({
  key: text,
  code: '',
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...more,
});

describe('keys', () => {
  it('are those that the menu shows', () => {
    for (const [command, accelerator] of Object.entries(ACCELERATORS)) {
      const last = accelerator.split('+').at(-1) ?? '';
      const pressed = last.length === 1 ? last.toLowerCase() : last;
      expect(commandOf(key(pressed, { ctrlKey: true }), false)).toBe(command);
      expect(commandOf(key(pressed, { metaKey: true }), true)).toBe(command);
      expect(commandOf(key(pressed), false)).toBeNull();
    }
  });

  it('mean nothing with other modifiers', () => {
    expect(commandOf(key('p', { ctrlKey: true, shiftKey: true }), false)).toBeNull();
    expect(commandOf(key('p', { ctrlKey: true, altKey: true }), false)).toBeNull();
    expect(commandOf(key('p', { ctrlKey: true }), true)).toBeNull();
    expect(commandOf(key('constructor', { ctrlKey: true }), false)).toBeNull();
    expect(commandOf(key('ñ', { altKey: true, code: 'KeyN' }), false)).toBe('new-profile');
  });
});
