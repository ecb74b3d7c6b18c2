import { ipcMain } from 'electron';
import type { IpcMainEvent, WebContents } from 'electron';
import { FROM_SERVICE, TO_SERVICE } from '../../shared/ipc/channels.ts';
import type { FromService } from '../../shared/ipc/define.ts';
import { parseToService } from '../service/envelope.ts';
import type { LinkScreen, ScreenLink } from '../service/envelope.ts';
import { APP_ORIGIN } from './origin.ts';

/** What of an IPC event says who sent it. */
export interface Sender {
  sender: unknown;
  senderFrame: { origin: string } | null;
}

/**
 * Whether a message comes from the main frame of our window, showing our page (faults.md E5). A frame that is gone, a
 * sub-frame, another window and a page of another origin are all refused.
 */
export function isOurPage(event: Sender, page: { mainFrame: unknown } | null): boolean {
  return (
    page !== null &&
    event.sender === page &&
    event.senderFrame !== null &&
    event.senderFrame === page.mainFrame &&
    event.senderFrame.origin === APP_ORIGIN
  );
}

export interface PageIpc {
  /** Links a window's page, and every page it loads later, to the service until the window is gone. */
  attach(contents: WebContents): void;
  /** Sends once the page listens: now, or after its first message. */
  whenListening(message: FromService): void;
}

/** The one registry of IPC: one channel in, one out. */
export function createPageIpc(linkScreen: LinkScreen): PageIpc {
  let page: WebContents | null = null;
  let link: ScreenLink | null = null;
  let waiting: FromService[] = [];

  const post = (contents: WebContents, message: FromService): void => {
    if (!contents.isDestroyed()) contents.send(FROM_SERVICE, message);
  };
  const unlink = (): void => {
    link?.close();
    link = null;
  };

  ipcMain.on(TO_SERVICE, (event: IpcMainEvent, message: unknown) => {
    if (page === null || !isOurPage(event, page)) return;
    const contents = page;
    const parsed = parseToService(message);
    if (parsed === null) return;
    if (link === null) {
      link = linkScreen((answer) => post(contents, answer));
      for (const early of waiting) post(contents, early);
      waiting = [];
    }
    link.receive(parsed);
  });

  return {
    attach(contents) {
      unlink();
      page = contents;
      const gone = (): void => {
        if (page !== contents) return;
        unlink();
      };
      // A reload or a crash ends what the old page had open; the next page starts with a new link.
      contents.on('did-start-navigation', (details) => {
        if (details.isMainFrame && !details.isSameDocument) gone();
      });
      contents.on('render-process-gone', gone);
      contents.on('destroyed', () => {
        gone();
        if (page === contents) page = null;
      });
    },
    whenListening(message) {
      if (link !== null && page !== null) post(page, message);
      else waiting = [message];
    },
  };
}
