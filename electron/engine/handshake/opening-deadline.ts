import { type DriftlineError, fail } from '../../../shared/errors.ts';
import { displayPath } from '../../../shared/model/path.ts';

/**
 * How long a peer may take to open the conversation, in milliseconds: from its first byte on, and until that. The latter
 * is long because somebody may have to type a password on the way, or the server to wake a disk.
 */
const OPENING_MS = 60_000;
const SILENCE_MS = 600_000;

/** A peer that never says what it speaks, or takes its time over it, is not waited for without end (R8). */
export class OpeningDeadline {
  readonly #started = Date.now();
  /** When the peer's first byte was there, or 0. */
  #answered = 0;

  /** The peer has begun. */
  heard(): void {
    this.#answered ||= Date.now();
  }

  /**
   * @param peer `Transport.description`
   * @returns what to end with: `connect`/`opening-timeout`; null while there is time
   */
  missed(peer: string): DriftlineError | null {
    const limit = this.#answered === 0 ? SILENCE_MS : OPENING_MS;
    if (Date.now() - (this.#answered || this.#started) <= limit) return null;
    const message = `${displayPath(peer)} did not open the conversation within ${limit / 1000} s`;
    return fail('connect', 'opening-timeout', message, {
      exitCode: 30,
      hint: 'Check that what is started there is rsync, and that nothing on the way waits for an answer.',
    });
  }
}
