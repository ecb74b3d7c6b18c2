/** A paragraph in lines of at most `width` characters where words allow; what is indented stays as it is. */
export function filled(text: string, width: number): string[] {
  if (text.startsWith(' ')) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/**
 * A sentence for a stream: on a terminal cut between words, each line behind the same indent; elsewhere one line, which
 * programs and logs can read.
 */
export function folded(text: string, stream: { isTTY?: boolean; columns?: number }, indent = ''): string {
  if (stream.isTTY !== true) return indent + text;
  return filled(text, Math.max(20, (stream.columns || 80) - indent.length))
    .map((line) => indent + line)
    .join('\n');
}
