import { resultSentence } from '../../shared/format.ts';
import { displayPath } from '../../shared/model/path.ts';
import type { PromptQuestion } from '../../shared/model/prompt.ts';
import type { RunSnapshot } from '../../shared/model/run.ts';
import type { Settings } from '../../shared/model/settings.ts';

export interface NotificationText {
  title: string;
  body: string;
}

const MAX_BODY = 240;

/**
 * What to tell a person about a run that ended; null when there is nothing to tell. Who looks at the window sees how
 * a run went well; who cancelled a run knows. A failure is always told.
 *
 * @param success what the settings say of runs that went well
 */
export function runText(
  { profileName, result }: RunSnapshot,
  windowFocused: boolean,
  success: Settings['notifySuccess'] = 'unfocused',
): NotificationText | null {
  if (result === null || result.outcome === 'cancelled') return null;
  const name = displayPath(profileName);
  const body = displayPath(resultSentence(result));
  switch (result.outcome) {
    case 'success':
      if (success === 'never' || (success === 'unfocused' && windowFocused)) return null;
      return text(`${name} is done`, body);
    case 'partial':
      return windowFocused ? null : text(`${name} finished with issues`, body);
    case 'needs-attention':
      return text(`${name} needs your attention`, body);
    case 'interrupted':
      return text(`${name} was interrupted`, body);
    case 'failed':
      return text(`${name} failed`, body);
  }
}

/** A question that waits behind a window nobody looks at. */
export function promptText(question: PromptQuestion): NotificationText {
  switch (question.kind) {
    case 'host-key':
      return text(
        'An unknown server asks for your trust',
        `${displayPath(question.host)} shows ${question.fingerprint}`,
      );
    case 'password':
      return text('A password is needed', `${displayPath(question.user)} at ${displayPath(question.host)}`);
    case 'passphrase':
      return text('A passphrase is needed', displayPath(question.keyPath));
    case 'login':
      return text('A server asks a question', `${displayPath(question.user)} at ${displayPath(question.host)}`);
  }
}

function text(title: string, body: string): NotificationText {
  return { title: plain(title), body: plain(body).slice(0, MAX_BODY) };
}

/**
 * The notification servers of Linux may read a little HTML in a text (Desktop Notifications, "Markup"), and do not
 * say how to prevent it: a name that looks like markup gets signs that only look alike.
 */
export function plain(content: string): string {
  return content.replace(/[<>&]/g, (sign) => (sign === '<' ? '‹' : sign === '>' ? '›' : '＆'));
}
