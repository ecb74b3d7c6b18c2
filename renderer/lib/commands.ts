import type { Command } from '../../shared/model/window-command.ts';

/** Keys by `event.key`, with Ctrl (⌘ on a Mac). A browser keeps Ctrl+N to itself, so Alt+N is the same everywhere. */
const WITH_CONTROL: ReadonlyMap<string, Command> = new Map([
  ['n', 'new-profile'],
  ['f', 'search'],
  [',', 'settings'],
  ['p', 'preview'],
  ['Enter', 'run'],
  ['.', 'cancel'],
]);

type Key = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

/** The command that a key press means, or null. */
export function commandOf(event: Key, mac: boolean): Command | null {
  if (event.shiftKey) return null;
  // With Alt a layout may make another letter of it: the key's place counts.
  if (event.altKey) return event.code === 'KeyN' && !event.ctrlKey && !event.metaKey ? 'new-profile' : null;
  const control = mac ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
  return (control ? WITH_CONTROL.get(event.key) : undefined) ?? null;
}

/**
 * Presses the button that stands for a command (`data-command`) in what the window shows. With several, as on a page of
 * cards, it is the one in the part that has the focus; without a focus in any, nothing is guessed.
 *
 * @returns whether there was one
 */
export function pressCommand(command: Command, root: ParentNode = document): boolean {
  const selector = `[data-command="${command}"]`;
  const within = document.activeElement?.closest('article')?.querySelector<HTMLElement>(selector) ?? null;
  const all = root.querySelectorAll<HTMLElement>(selector);
  const target = within ?? (all.length === 1 ? all[0] : undefined);
  if (target === undefined) return false;
  if (target instanceof HTMLInputElement) {
    target.focus();
    target.select();
  } else target.click();
  return true;
}
