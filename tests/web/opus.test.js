/** Opus: what a browser without an encoder is told, and what comes of one that fails. */

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { OpusEncoder, OpusError } from '../../python/hwaja/web/client/opus.js';

/** A browser's encoder that takes two chunks, and then fails. */
class FragileEncoder {
  static async isConfigSupported(config) {
    return { supported: config.codec === 'opus' && config.bitrate < 1e6, config };
  }

  constructor({ output, error }) {
    Object.assign(this, { output, error, state: 'unconfigured', taken: [] });
  }

  configure() {
    this.state = 'configured';
  }

  encode(audio) {
    this.taken.push(audio.timestamp);
    if (this.taken.length > 2) {
      this.state = 'closed';
      this.error(new Error('no more'));
      return;
    }
    const bytes = Uint8Array.of(72, this.taken.length);
    this.output({ byteLength: 2, copyTo: (target) => target.set(bytes) });
  }

  async flush() {}

  close() {
    this.state = 'closed';
  }
}

class FakeAudioData {
  constructor(init) {
    Object.assign(this, init);
  }

  close() {}
}

afterEach(() => {
  delete globalThis.AudioEncoder;
  delete globalThis.AudioData;
});

test('a browser without an encoder is told apart before, and refused with a reason', async () => {
  assert.equal(await OpusEncoder.isSupported(), false);
  assert.throws(
    () => new OpusEncoder(),
    (error) => error instanceof OpusError && error.reason === 'unsupported'
  );
});

test('packets come in order, and an encoder that fails says so once and takes nothing more', async () => {
  Object.assign(globalThis, { AudioEncoder: FragileEncoder, AudioData: FakeAudioData });
  assert.equal(await OpusEncoder.isSupported(), true);
  assert.equal(await OpusEncoder.isSupported({ bitsPerSecond: 1e7 }), false);
  const encoder = new OpusEncoder();
  const told = [];
  encoder.on('packet', (packet) => told.push([...packet]));
  encoder.on('error', ({ reason, cause }) => told.push([reason, cause.message]));
  for (let turn = 0; turn < 5; turn++) encoder.encode(new Int16Array(4096));
  await encoder.flush();
  encoder.close();
  assert.deepEqual(told, [[72, 1], [72, 2], ['failed', 'no more']]);
});
