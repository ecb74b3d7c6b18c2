export type ToastTone = 'neutral' | 'success' | 'warning' | 'danger';

export interface ToastAction {
  label: string;
  run: () => void;
}

export interface Toast {
  id: number;
  tone: ToastTone;
  text: string;
  detail: string | null;
  action: ToastAction | null;
}

const MOST = 4;

/** Short messages about what just happened. Problems stay until dismissed; the rest leave by themselves. */
export class Toasts {
  #items = $state.raw<readonly Toast[]>([]);
  #next = 1;

  get items(): readonly Toast[] {
    return this.#items;
  }

  show(tone: ToastTone, text: string, detail: string | null = null, action: ToastAction | null = null): void {
    const toast = { id: this.#next++, tone, text, detail, action };
    this.#items = [...this.#items, toast].slice(-MOST);
  }

  dismiss(id: number): void {
    this.#items = this.#items.filter((toast) => toast.id !== id);
  }
}
