import type { Settings } from '../../../shared/model/settings.ts';

const KEY = 'driftline.theme';

/** Light, dark or as the system says. The last choice is remembered here, so that a page begins in its own colours. */
export class Theme {
  constructor() {
    const saved = localStorage.getItem(KEY);
    this.apply(saved === 'light' || saved === 'dark' ? saved : 'system');
  }

  apply(choice: Settings['theme']): void {
    if (choice === 'system') {
      delete document.documentElement.dataset['theme'];
      localStorage.removeItem(KEY);
    } else {
      document.documentElement.dataset['theme'] = choice;
      localStorage.setItem(KEY, choice);
    }
  }
}
