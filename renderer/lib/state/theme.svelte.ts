export type ThemeChoice = 'system' | 'light' | 'dark';
const KEY = 'driftline.theme';

/** Light, dark or as the system says; kept per window, for it is about the eyes in front of this screen. */
export class Theme {
  #choice = $state<ThemeChoice>('system');

  constructor() {
    const saved = localStorage.getItem(KEY);
    this.choose(saved === 'light' || saved === 'dark' ? saved : 'system');
  }

  get choice(): ThemeChoice {
    return this.#choice;
  }

  choose(choice: ThemeChoice): void {
    this.#choice = choice;
    if (choice === 'system') {
      delete document.documentElement.dataset['theme'];
      localStorage.removeItem(KEY);
    } else {
      document.documentElement.dataset['theme'] = choice;
      localStorage.setItem(KEY, choice);
    }
  }
}
