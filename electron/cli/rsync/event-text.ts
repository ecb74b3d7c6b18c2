import { type ByteString, textToBytes } from '../../../shared/model/path.ts';
import type { EngineEvent } from '../../engine/events.ts';
import { infoLevel } from '../../engine/options/info-words.ts';
import type { TransferOptions } from '../../engine/options/transfer-options.ts';

/** A line for people, without its newline and ready to be shown. */
export interface SaidLine {
  text: ByteString;
  /** Whether something went wrong. */
  wrong: boolean;
}

/**
 * What an event says in words.
 * @param escape makes bytes of names fit to be shown
 * @returns null if this was not asked for
 */
export function saidLine(
  event: Extract<EngineEvent, { type: 'issue' | 'message' }>,
  options: TransferOptions,
  escape: (bytes: ByteString) => ByteString,
): SaidLine | null {
  // One message is one line: a newline inside it belongs to a name.
  if (event.type === 'message') return { text: escape(event.text.replace(/\n$/, '')), wrong: event.level !== 'info' };
  const { code, name, message } = event.issue;
  if (code === 'delete-skipped-io-error')
    return { text: 'IO error encountered -- skipping file deletion', wrong: false };
  if (code !== 'skipped-non-regular') return { text: `driftline: ${textToBytes(message)}`, wrong: true };
  if (infoLevel(options, 'nonreg') === 0) return null;
  return { text: escape(`skipping non-regular file "${name}"`), wrong: false };
}
