/** Types of the functions that make audio of what a page has. hwaja.d.ts exports them. */

/** 16000 */
export const SAMPLE_RATE: number;
/** 4096 */
export const CHUNK_SAMPLES: number;
/** The specification's function: clipped, cut toward zero, little endian. */
export function convertToPCM16(float32Array: Float32Array): ArrayBuffer;

/** Gathers audio into chunks of PCM16 of one length. */
export class Chunker {
  constructor(chunkSamples?: number);
  push(block: Float32Array): Int16Array[];
  /** The rest; null: nothing is left. */
  flush(): Int16Array | null;
}

/** From 8000 to 192000 Hz, whole, to 16 kHz: `ceil(N * 16000 / inputRate)` of `N` samples. */
export class Resampler {
  /** Throws a RangeError for another rate. */
  constructor(inputRate: number);
  readonly inputRate: number;
  process(block: Float32Array): Float32Array;
  /** The rest; the next block begins another stream. */
  flush(): Float32Array;
  reset(): void;
}
