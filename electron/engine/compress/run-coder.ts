/** Takes compressed bytes in order; they are only valid during the call. */
export type PacketSink = (data: Uint8Array, offset: number, length: number) => void;

/** Compresses the literal data of one direction of a connection, file by file (reference §7.17). */
export interface RunEncoder {
  /** The next file starts. */
  begin(): void;
  /** Literal bytes of a run. They are only valid during the call. */
  write(data: Uint8Array, offset: number, length: number): void;
  /** The run ends: all of it goes to the sink, so that the receiver can have every byte of it. */
  endRun(): void;
  /** Bytes the receiver copies from its basis. */
  matched(data: Uint8Array, offset: number, length: number): void;
  /** Gives its memory back; nothing may be called afterwards. */
  dispose(): void;
}

/** The other direction of {@link RunEncoder}. */
export interface RunDecoder {
  /** The next file starts. */
  begin(): void;
  /** One packet; it is only valid during the call. Everything of the packet before must have been taken. */
  feed(packet: Uint8Array): void;
  /**
   * The next piece of what was fed, bounded however much that expands; null when all is out. Valid until the next call.
   * @throws protocol/bad-compression
   */
  next(): Uint8Array | null;
  /** The run ends; what comes out with that is empty or the stream is damaged. */
  endRun(): void;
  /** Whether {@link matched} must be called, with pieces of any length or with each block as a whole. */
  readonly wantsMatched: 'no' | 'pieces' | 'blocks';
  /** What was copied out of the basis, in order, before the next {@link feed}. */
  matched(data: Uint8Array, offset: number, length: number): void;
  /** Gives its memory back; nothing may be called afterwards. */
  dispose(): void;
}
