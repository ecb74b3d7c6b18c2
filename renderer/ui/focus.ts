import { tick } from 'svelte';

/** After a form was refused: the first field that says why gets the focus, and is scrolled into view with it. */
export async function focusInvalid(): Promise<void> {
  await tick();
  document.querySelector<HTMLElement>('dialog:modal [aria-invalid=true]')?.focus();
}
