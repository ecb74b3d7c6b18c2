/**
 * Paths are bytes. The engine and the screens need two views of them:
 *
 * - `ByteString` (engine): a JavaScript string in which every UTF-16 unit is one byte, 0–255 ("latin1"). V8 stores it
 *   in one byte per character, compares it bytewise and hashes it for Maps, which Buffers cannot do. Never show one.
 * - `PathText` (IPC, JSON, the store, screens): UTF-8 decoded, with each byte that is not valid UTF-8 carried as
 *   U+DC80–U+DCFF (the "surrogateescape" convention of PEP 383). Lossless both ways.
 */
export type ByteString = string;

declare const pathTextBrand: unique symbol;
export type PathText = string & { readonly [pathTextBrand]: true };

/** Joins a directory ('' = the root) and a name. Works for both views. */
export function joinPath<T extends string>(dir: T, name: T): T {
  return (dir === '' ? name : name === '' ? dir : dir.endsWith('/') ? dir + name : `${dir}/${name}`) as T;
}

/** The folder that an entry of the path lies in; '' is the working directory. */
export function folderOf(path: ByteString): ByteString {
  const slash = path.lastIndexOf('/');
  return slash === 0 ? '/' : path.slice(0, Math.max(slash, 0));
}

const ASCII_ONLY = /^[\x00-\x7f]*$/; // eslint-disable-line no-control-regex

/** Decodes path bytes for people and JSON. Invalid sequences become U+DC80–U+DCFF, one per byte. */
export function bytesToText(bytes: ByteString): PathText {
  if (ASCII_ONLY.test(bytes)) return bytes as PathText;
  let out = '';
  for (let i = 0; i < bytes.length;) {
    const lead = bytes.charCodeAt(i);
    if (lead < 0x80) {
      out += bytes[i++]!;
      continue;
    }
    const size =
      lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
    let point = size === 2 ? lead & 0x1f : size === 3 ? lead & 0x0f : lead & 0x07;
    let valid = size > 0 && i + size <= bytes.length;
    for (let k = 1; valid && k < size; k++) {
      const next = bytes.charCodeAt(i + k);
      valid = (next & 0xc0) === 0x80;
      point = (point << 6) | (next & 0x3f);
    }
    // Overlong forms, surrogates and values past U+10FFFF are not UTF-8 (RFC 3629 §3).
    if (valid && size === 3) valid = point >= 0x800 && (point < 0xd800 || point > 0xdfff);
    if (valid && size === 4) valid = point >= 0x10000 && point <= 0x10ffff;
    if (!valid) {
      out += String.fromCharCode(0xdc00 + lead);
      i++;
      continue;
    }
    out += String.fromCodePoint(point);
    i += size;
  }
  return out as PathText;
}

/** Encodes text (typed by a person, read from JSON, or made by `bytesToText`) to path bytes. */
export function textToBytes(text: string): ByteString {
  if (ASCII_ONLY.test(text)) return text;
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xdc80 && unit <= 0xdcff) {
      out += String.fromCharCode(unit - 0xdc00);
      continue;
    }
    let point = text.codePointAt(i)!;
    if (point > 0xffff) i++;
    else if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd; // a lone surrogate has no bytes of its own
    if (point < 0x80) out += String.fromCharCode(point);
    else if (point < 0x800) out += String.fromCharCode(0xc0 | (point >> 6), 0x80 | (point & 0x3f));
    else if (point < 0x10000)
      out += String.fromCharCode(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
    else
      out += String.fromCharCode(
        0xf0 | (point >> 18),
        0x80 | ((point >> 12) & 0x3f),
        0x80 | ((point >> 6) & 0x3f),
        0x80 | (point & 0x3f),
      );
  }
  return out;
}

/**
 * What a screen or terminal may show: control characters and bidirectional overrides are escaped as `\xNN` / `\u{…}`,
 * and each invalid byte as `\xNN`. Text from disk or a peer goes through here before display (faults.md H22).
 */
export function displayPath(text: PathText | string): string {
  return text.replace(
    // eslint-disable-next-line no-control-regex
    /[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    (c) => {
      const unit = c.charCodeAt(0);
      if (unit >= 0xdc80 && unit <= 0xdcff) return `\\x${(unit - 0xdc00).toString(16).padStart(2, '0')}`;
      return unit < 0x100 ? `\\x${unit.toString(16).padStart(2, '0')}` : `\\u{${unit.toString(16)}}`;
    },
  );
}
