import { dialog } from 'electron';
import type { BrowserWindow } from 'electron';
import { plural } from '../../shared/format.ts';
import { displayPath } from '../../shared/model/path.ts';
import type { RunSnapshot } from '../../shared/model/run.ts';

/**
 * Asks before quitting ends runs.
 *
 * @param parent the window that the question belongs to, if one is open
 * @param active runs that go on
 */
export async function mayQuit(parent: BrowserWindow | null, active: readonly RunSnapshot[]): Promise<boolean> {
  if (active.length === 0) return true;
  const names = active.slice(0, 5).map((run) => displayPath(run.profileName));
  const question = {
    type: 'question' as const,
    message: `Quit and stop ${plural(active.length, 'run')}?`,
    detail: `${names.join('\n')}\n\nFiles that are already mirrored stay. The next run continues from there.`,
    buttons: ['Keep running', 'Quit'],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
  };
  const { response } = await (parent === null
    ? dialog.showMessageBox(question)
    : dialog.showMessageBox(parent, question));
  return response === 1;
}
