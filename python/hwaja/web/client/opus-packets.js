/** What an Opus packet says of itself (RFC 6716, section 3.1). */

/** Of an Opus stream, in samples a second, whatever it was made from (RFC 7587, section 4.1). */
export const OPUS_RATE = 48000;

/** 120 ms, the longest packet (section 3.2.5). */
const MOST_PACKET_SAMPLES = 5760;

/** Samples of a frame, by the configuration of a packet (table 2): SILK, hybrid, CELT. */
const SILK = [480, 960, 1920, 2880];
const HYBRID = [480, 960];
const CELT = [120, 240, 480, 960];
const FRAME_SAMPLES = [SILK, SILK, SILK, HYBRID, HYBRID, CELT, CELT, CELT, CELT].reduce((all, some) => {
  return all.concat(some);
});

/**
 * Return how many samples of each channel a packet has. It is not checked further.
 *
 * @param {Uint8Array} packet
 * @throws {TypeError} where it is none, or too long
 */
export function opusSamples(packet) {
  const [first, count] = packet;
  const frames = (first & 3) === 3 ? count & 63 : [1, 2, 2][first & 3];
  const samples = frames * FRAME_SAMPLES[first >> 3];
  // Of a packet that is cut, this is no number or 0.
  if (!(samples > 0 && samples <= MOST_PACKET_SAMPLES && packet.length > 0)) {
    throw new TypeError('An Opus packet has at most 120 ms of audio.');
  }
  return samples;
}
