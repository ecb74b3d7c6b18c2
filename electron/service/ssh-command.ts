import { homedir } from 'node:os';
import type { PathText } from '../../shared/model/path.ts';
import { toErrorData } from '../../shared/errors.ts';
import { splitRemoteShell } from '../../shared/remote-shell.ts';

/** What `-e 'ssh …'` says about a server. */
export interface SshWords {
  port: number | null;
  user: string | null;
  keyPath: PathText | null;
  /** The value of `-J`: hosts to go through, separated by commas. */
  jumps: string | null;
}

/** Options of ssh(1) that take a value. */
const WITH_VALUE = 'BbcDEeFIiJLlmOopQRSWw';
/** Those that change nothing for us. */
const HARMLESS = 'TxaqCn';

/** Reads an ssh command as text. What a host cannot say here is told to `leave`. */
export function readSshCommand(command: string, leave: (what: string, why: string) => void): SshWords {
  const found: SshWords = { port: null, user: null, keyPath: null, jumps: null };
  let words: string[];
  try {
    words = splitRemoteShell(command);
  } catch (error) {
    leave(`--rsh=${command}`, toErrorData(error).message);
    return found;
  }
  if (words[0]!.slice(words[0]!.lastIndexOf('/') + 1) !== 'ssh') {
    leave(`--rsh=${command}`, 'Driftline speaks SSH itself and starts no other program');
    return found;
  }
  const port = (text: string): void => {
    if (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65535) found.port = Number(text);
    else leave(`-p ${text}`, 'this is no port');
  };
  const key = (path: string): void => {
    found.keyPath = (path.startsWith('~/') ? homedir() + path.slice(1) : path) as PathText;
  };
  for (let i = 1; i < words.length; i++) {
    const word = words[i]!;
    for (let at = 1; word.startsWith('-') && at < word.length; at++) {
      const letter = word[at]!;
      if (!WITH_VALUE.includes(letter)) {
        if (!HARMLESS.includes(letter)) leave(`ssh -${letter}`, 'say it in the host');
        continue;
      }
      const value = word.slice(at + 1) || (words[++i] ?? '');
      const setting = letter === 'o' ? /^(\w+)[=\s]\s*(.*)$/.exec(value) : null;
      const name = setting?.[1]?.toLowerCase() ?? letter;
      const text = setting?.[2] ?? value;
      if (name === 'p' || name === 'port') port(text);
      else if (name === 'l' || name === 'user') found.user = text;
      else if (name === 'i' || name === 'identityfile') key(text);
      else if (name === 'J' || name === 'proxyjump') found.jumps = text;
      else leave(`ssh -${letter} ${value}`, 'say it in the host');
      break;
    }
    if (!word.startsWith('-')) leave(word, 'it is no option of ssh');
  }
  return found;
}
