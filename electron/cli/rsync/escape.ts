import { type ByteString, bytesToText, textToBytes } from '../../../shared/model/path.ts';

const PLAIN = /^[\t\x20-\x5b\x5d-\x7e]*$/;
/** Control characters, direction overrides and bytes that are no UTF-8: nothing of a name may steer a terminal. */
// eslint-disable-next-line no-control-regex
const UNSAFE = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\udc80-\udcff]|\\(?=#\d{3})/gu;

const escapeBytes = (bytes: ByteString): string =>
  [...bytes].map((byte) => `\\#${byte.charCodeAt(0).toString(8).padStart(3, '0')}`).join('');

/**
 * A name or line as rsync shows it: bytes that cannot be printed become `\#` and three octal digits, and a backslash
 * that would read like such an escape becomes one. Lossless.
 * @param utf8 whether the terminal reads UTF-8; otherwise every byte above ASCII is escaped
 * @param eightBit bytes above ASCII stay as they are (`-8`)
 */
export function escapeForTerminal(bytes: ByteString, utf8: boolean, eightBit = false): ByteString {
  if (PLAIN.test(bytes)) return bytes;
  // eslint-disable-next-line no-control-regex
  if (eightBit) return bytes.replace(/[\x00-\x08\x0a-\x1f\x7f]|\\(?=#\d{3})/g, escapeBytes);
  // eslint-disable-next-line no-control-regex
  if (!utf8) return bytes.replace(/[\x00-\x08\x0a-\x1f\x7f-\xff]|\\(?=#\d{3})/g, escapeBytes);
  return textToBytes(bytesToText(bytes).replace(UNSAFE, (char) => escapeBytes(textToBytes(char))));
}
