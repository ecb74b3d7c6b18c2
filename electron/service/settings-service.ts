import { DEFAULT_SETTINGS } from '../../shared/model/settings.ts';
import type { Settings, SettingsChange } from '../../shared/model/settings.ts';
import type { Store } from './store/store.ts';

export interface SettingsService {
  /** The settings as they are; the defaults while the store cannot be read. */
  get(): Settings;
  /** @throws DriftlineError the store's errors */
  update(change: SettingsChange): Promise<Settings>;
  /** Called after a change, made here or by another process. Returns the way to stop. */
  onChange(listener: (settings: Settings) => void): () => void;
}

export function createSettingsService(store: Store): SettingsService {
  const whole = (kept: SettingsChange | undefined): Settings => ({ ...DEFAULT_SETTINGS, ...kept });

  /** A store of a later version must not keep the application from having a theme. */
  function get(): Settings {
    try {
      return whole(store.read().settings);
    } catch {
      return DEFAULT_SETTINGS;
    }
  }

  return {
    get,
    async update(change) {
      return store.change((document) => {
        document.settings = { ...document.settings, ...change };
        return whole(document.settings);
      });
    },
    onChange(listener) {
      let last = JSON.stringify(get());
      return store.onChange(({ settings }) => {
        const now = whole(settings);
        const text = JSON.stringify(now);
        if (text === last) return;
        last = text;
        listener(now);
      });
    },
  };
}
