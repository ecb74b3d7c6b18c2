import type { OnReadOpts, Socket } from 'node:net';

/** Most bytes of one read. */
const READ_BYTES = 256 << 10;
/** Less room than this is left unused. */
const LEAST_BYTES = 64 << 10;
const SLAB_BYTES = 1 << 20;

/**
 * How a socket of ours reads: as much at once as there is, one piece behind the other into large blocks of memory. Node's
 * own reads of at most 64 KiB make as many small blocks of memory that live for a moment, and what they cost the garbage
 * collector is more than decrypting what they hold.
 * @param socket the socket made with these options
 */
export function largeReads(socket: () => Socket): OnReadOpts {
  let slab = Buffer.alloc(0);
  let used = 0;
  return {
    buffer: () => {
      if (slab.length - used < LEAST_BYTES) {
        slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
        used = 0;
      }
      return slab.subarray(used, Math.min(slab.length, used + READ_BYTES));
    },
    callback: (length, into) => {
      used += length;
      return socket().push((into as Buffer).subarray(0, length));
    },
  };
}
