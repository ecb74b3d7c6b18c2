import { nativeTheme } from 'electron';
import { toErrorData } from '../../shared/errors.ts';
import type { SettingsService } from '../service/settings-service.ts';
import { setStartAtLogin } from './login-item.ts';

/** Makes the system follow the settings, now and at each change: the theme of menus and dialogs, the start at login. */
export function followSettings(settings: SettingsService, notice: (message: string) => void): void {
  function follow(): void {
    const { theme, startAtLogin } = settings.get();
    nativeTheme.themeSource = theme;
    try {
      setStartAtLogin(startAtLogin);
    } catch (error) {
      notice(`Starting with the session could not be changed: ${toErrorData(error).message}`);
    }
  }
  follow();
  settings.onChange(follow);
}
