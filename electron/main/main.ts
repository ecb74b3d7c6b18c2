import { app } from 'electron';
import { join } from 'node:path';
import { homeFolder, openHome } from '../service/home.ts';
import type { Home } from '../service/home.ts';
import { debugSwitch } from './debug-switch.ts';
import { startedHidden } from './login-item.ts';
import { showStartError, startApplication } from './application.ts';
import { registerAppScheme } from './protocol.ts';

/**
 * The Electron shell's entry: decides whether this process may be the application at all. What it then is made of
 * stands in application.ts.
 */
function main(): void {
  const debug = app.isPackaged ? debugSwitch(process.argv.slice(1)) : null;
  if (debug !== null) {
    process.stderr.write(`driftline: refuses to start with ${debug}: passwords pass through this process.\n`);
    return app.exit(1);
  }
  let home: Home;
  try {
    home = openHome(homeFolder());
  } catch (error) {
    showStartError(error);
    return app.exit(1);
  }
  // Named before the lock: the lock is one per userData folder. Chromium's own files get a folder of their own.
  app.setName('Driftline');
  app.setPath('userData', home.folder);
  app.setPath('sessionData', join(home.folder, 'browser'));
  if (process.platform === 'win32') app.setAppUserModelId('org.driftline.app');
  if (!app.requestSingleInstanceLock()) return app.quit();

  app.enableSandbox();
  registerAppScheme();
  startApplication(home, startedHidden()).catch((error: unknown) => {
    showStartError(error);
    app.exit(1);
  });
}

main();
