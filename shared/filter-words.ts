/** A filter rule as people read it. `raw` rules say something that only rsync's syntax does. */
export interface FilterWords {
  verb: 'leave-out' | 'keep' | 'raw';
  /** The pattern; the whole rule where it is raw. */
  text: string;
}

/** Plain excludes and includes have words; sides, modifiers and the clear mark stay raw. */
export function filterWords(rule: string): FilterWords {
  const plain = /^(-|\+|exclude|include)[ _](.+)$/s.exec(rule);
  if (plain === null) return { verb: 'raw', text: rule };
  return { verb: plain[1] === '-' || plain[1] === 'exclude' ? 'leave-out' : 'keep', text: plain[2]! };
}

/** The rule that the words stand for; '' while there is no pattern. */
export function filterRule({ verb, text }: FilterWords): string {
  return verb === 'raw' || text === '' ? text : `${verb === 'keep' ? '+' : '-'} ${text}`;
}
