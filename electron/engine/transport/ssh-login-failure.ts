import { type DriftlineError, fail } from '../../../shared/errors.ts';
import { displayPath } from '../../../shared/model/path.ts';

export interface LoginStory {
  /** `user@host`, escaped. */
  server: string;
  user: string;
  /** What was sent and refused, in words: `key PATH`, `agent key COMMENT`, `password`, `keyboard-interactive`. */
  refused: readonly string[];
  /** What was right, but not enough. */
  accepted: readonly string[];
  /** Methods the server offers at the end. */
  offered: readonly string[];
  /** Why methods could not even be tried. */
  problems: readonly DriftlineError[];
  /** Whether any of the host's methods is among those the server takes. */
  usable: boolean;
}

const CHECK = 'Check the user name, the key or the password for this host.';

/** The error of a login that came to nothing, with the next step that fits what was tried. */
export function loginFailure(story: LoginStory): DriftlineError {
  const { server, refused, accepted, problems } = story;
  const [problem] = problems;
  if (problem !== undefined && refused.length === 0) return problem;
  const user = displayPath(story.user);
  const names = story.offered.map((name) => displayPath(name));
  const offered = names.length > 0 ? `The server offers: ${names.join(', ')}.` : '';
  const why = problems.map((item) => item.data.message).join(' ');
  const end = (code: string, what: string, hint: string): DriftlineError =>
    fail('auth', code, `${server} ${what} ${why}`.replace(/ +/g, ' ').trim(), {
      hint,
      details: { tried: [...accepted, ...refused], offered: names },
    });
  const only = (...starts: string[]): boolean =>
    refused.every((item) => starts.some((start) => item.startsWith(start)));

  if (problem?.data.code === 'weak-signature')
    return end('weak-signature', 'did not accept the login.', 'Use an Ed25519 key for this server.');
  if (refused.length === 0 && !story.usable)
    return end('method-not-offered', `does not take this host’s login. ${offered}`, 'Choose another way to log in.');
  if (refused.length === 0)
    return end('auth-failed', `did not accept the login. Nothing could be tried. ${offered}`, CHECK);
  if (accepted.length > 0 && only('keyboard-interactive'))
    return end('answers-refused', 'did not accept the answers to its questions.', 'Try again with a new code.');
  if (only('password', 'keyboard-interactive'))
    return end('password-refused', 'did not accept the password.', `Check the user name “${user}” and the password.`);
  const tried = `Tried: ${refused.join(', ')}. ${offered}`;
  if (only('key ', 'agent key'))
    return end(
      'key-refused',
      `did not accept the key. ${tried}`,
      `Add the line in the key’s .pub file to ~/.ssh/authorized_keys of “${user}” on the server, or choose another key.`,
    );
  return end('auth-failed', `did not accept the login. ${tried}`, CHECK);
}
