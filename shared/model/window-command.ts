import * as v from 'valibot';

/** What menus and keys can ask of the window, whatever it shows. */
export const Command = v.picklist(['new-profile', 'search', 'settings', 'preview', 'run', 'cancel', 'about']);
export type Command = v.InferOutput<typeof Command>;

/** Keys as menus write them; the window listens for the same ones (renderer/lib/commands.ts). */
export const ACCELERATORS: Readonly<Partial<Record<Command, string>>> = {
  'new-profile': 'CmdOrCtrl+N',
  search: 'CmdOrCtrl+F',
  settings: 'CmdOrCtrl+,',
  preview: 'CmdOrCtrl+P',
  run: 'CmdOrCtrl+Enter',
  cancel: 'CmdOrCtrl+.',
};
