import { describe, expect, it } from 'vitest';
import { webPreferences } from './web-preferences.ts';

describe('the preferences of the window', () => {
  it('are these, and nobody can change them', () => {
    const preferences = webPreferences('/app/preload.cjs', true);
    expect(preferences).toEqual({
      preload: '/app/preload.cjs',
      contextIsolation: true,
      sandbox: true,
      webSecurity: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      navigateOnDragDrop: false,
      safeDialogs: true,
      spellcheck: false,
      devTools: false,
    });
    expect(Object.isFrozen(preferences)).toBe(true);
  });

  it('have developer tools only while developing', () => {
    expect(webPreferences('/app/preload.cjs', false).devTools).toBe(true);
  });
});
