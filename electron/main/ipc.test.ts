import { describe, expect, it, vi } from 'vitest';
import { isOurPage } from './ipc.ts';

vi.mock('electron', () => ({ ipcMain: {} }));

describe('the sender of a message', () => {
  const mainFrame = { origin: 'app://driftline' };
  const page = { mainFrame };

  it('is ours: the main frame of our window, with our origin', () => {
    expect(isOurPage({ sender: page, senderFrame: mainFrame }, page)).toBe(true);
  });

  it.each([
    ['another window', { sender: { mainFrame }, senderFrame: mainFrame }],
    ['a frame inside the page', { sender: page, senderFrame: { origin: 'app://driftline' } }],
    ['a frame that is gone', { sender: page, senderFrame: null }],
  ])('is not %s', (_name, event) => expect(isOurPage(event, page)).toBe(false));

  it.each(['https://driftline', 'app://driftline.evil', 'app://', 'null', 'file://', 'app://driftline/'])(
    'is not a page of %s',
    (origin) => {
      const frame = { origin };
      const other = { mainFrame: frame };
      expect(isOurPage({ sender: other, senderFrame: frame }, other)).toBe(false);
    },
  );

  it('is nobody without a window', () => {
    expect(isOurPage({ sender: page, senderFrame: mainFrame }, null)).toBe(false);
  });
});
