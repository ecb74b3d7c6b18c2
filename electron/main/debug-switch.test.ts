import { describe, expect, it } from 'vitest';
import { debugSwitch } from './debug-switch.ts';

describe('switches that open a door for a debugger', () => {
  it.each([
    '--inspect',
    '--inspect=0.0.0.0:9229',
    '--inspect-brk',
    '--inspect-port=1',
    '--remote-debugging-port=9222',
    '--remote-debugging-pipe',
    '-inspect',
  ])('%s is found', (arg) => expect(debugSwitch(['--hidden', arg])).toBe(arg));

  it('lets everything else through', () => {
    expect(debugSwitch(['--hidden', '--no-sandbox', '--inspection', '/home/me/--inspect', 'inspect'])).toBeNull();
  });
});
