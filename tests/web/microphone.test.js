/** From a device to chunks: in a worklet, and without one. */

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { Microphone, MicrophoneError, Resampler, convertToPCM16 } from 'hwaja';

import { FakeBrowser } from './fake-browser.js';
import { Clock } from './scripted-socket.js';
import { blocks, decibels, joined, noise } from './signals.js';

let uninstall = () => {};
afterEach(() => uninstall());

function install(options) {
  const browser = new FakeBrowser(options);
  uninstall = browser.install();
  return browser;
}

function listening(options) {
  const microphone = new Microphone(options);
  const told = { chunk: [], level: [], ended: [], state: [], sound: [] };
  Object.keys(told).forEach((type) => microphone.on(type, (detail) => told[type].push(detail)));
  return { microphone, told };
}

function expected(signal, rate) {
  const resampler = new Resampler(rate);
  const whole = joined([resampler.process(signal), resampler.flush()]);
  return new Int16Array(convertToPCM16(whole));
}

for (const rate of [44_100, 48_000, 16_000]) {
  test(`a worklet hears all of ${rate} Hz, in chunks, to the last sample and no silence behind`, async () => {
    const browser = install({ rate });
    const { microphone, told } = listening();
    await microphone.open();
    const signal = noise(rate + 77);
    assert.equal(browser.play(signal), true);
    assert.equal(browser.processor.process([[]]), true); // a source that is not there yet, or no more
    await microphone.close();
    const { posted } = browser.pendingPort;
    assert.equal(browser.play(new Float32Array(48_000)), false); // it ends, and says nothing more
    assert.equal(browser.pendingPort.posted, posted);
    assert.equal(browser.pendingPort.copied, 0); // chunks are handed over
    assert.deepEqual(joined(told.chunk, Int16Array), expected(signal, rate));
    assert.ok(told.chunk.slice(0, -1).every((chunk) => chunk.length === 4096));
    assert.equal(told.level.length, 20);
    const share = 16_000 / rate; // of the noise's power, that 16 kHz holds
    const level = decibels(Math.sqrt(share / 3));
    assert.ok(told.level.every(({ rmsDbfs }) => Math.abs(rmsDbfs - level) < 1));
  });
}

test('without worklets a ScriptProcessor hears the same', async () => {
  const browser = install({ rate: 44_100, hasWorklet: false });
  const { microphone, told } = listening();
  await microphone.open();
  const signal = noise(10 * 4096);
  for (const block of blocks(signal, () => 4096)) {
    browser.script.onaudioprocess({ inputBuffer: { getChannelData: () => block } });
  }
  await microphone.close();
  assert.deepEqual(joined(told.chunk, Int16Array), expected(signal, 44_100));
  assert.equal(browser.script.onaudioprocess, null);
  assert.equal(browser.modules, undefined);
});

test('the device keeps its own rate, and its voice as it is unless something else is wanted', async () => {
  const browser = install();
  const { microphone } = listening();
  await microphone.open({ deviceId: 'a', constraints: { noiseSuppression: true } });
  assert.equal(browser.contexts[0].options, undefined);
  assert.deepEqual(browser.asked, [
    {
      video: false,
      audio: {
        channelCount: 1,
        echoCancellation: false,
        noiseSuppression: true,
        autoGainControl: false,
        deviceId: { exact: 'a' },
      },
    },
  ]);
  await microphone.close();
});

test('closed, it lets go of the device and of the audio thread, and can be opened again', async () => {
  const browser = install();
  const { microphone, told } = listening();
  await microphone.open();
  await microphone.close();
  await microphone.close();
  assert.equal(browser.track.readyState, 'ended');
  assert.equal(browser.contexts[0].state, 'closed');
  assert.deepEqual(browser.source.outputs, []);
  assert.deepEqual(told.chunk, []);
  await microphone.open();
  browser.play(noise(4800));
  await microphone.close();
  assert.equal(joined(told.chunk, Int16Array).length, 1600);
});

test('a device that is unplugged has its last audio told, then its end', async () => {
  const browser = install();
  const { microphone, told } = listening();
  const ended = new Promise((resolve) => microphone.on('ended', resolve));
  await microphone.open();
  browser.play(noise(48_000));
  browser.track.onended();
  assert.equal((await ended).reason, 'ended');
  assert.equal(joined(told.chunk, Int16Array).length, 16_000);
  assert.equal(browser.contexts[0].state, 'closed');
});

test('a device whose rate changes while it is open is told as gone: its sound would be wrong', async () => {
  const browser = install();
  const { microphone } = listening();
  const ended = new Promise((resolve) => microphone.on('ended', resolve));
  await microphone.open();
  browser.contexts[0].sampleRate = 16_000;
  browser.track.onmute();
  assert.equal((await ended).reason, 'ended');
});

test('that the browser holds the audio back is told', async () => {
  const browser = install();
  const { microphone, told } = listening();
  await microphone.open();
  const [context] = browser.contexts;
  context.state = 'interrupted';
  context.onstatechange();
  await microphone.resume();
  context.onstatechange();
  assert.deepEqual(told.state, ['interrupted', 'running']);
  await microphone.close();
});

/** A microphone that is heard, a clock, and what lets half a second of something arrive. */
async function heard() {
  const browser = install();
  const clock = new Clock();
  const { microphone, told } = listening({ clock });
  await microphone.open();
  const arrive = async (signal) => {
    browser.play(signal);
    await new Promise(setImmediate); // the audio thread's messages
    clock.turn(0.5);
  };
  const lasts = async (seconds, signal) => {
    for (let k = 0; k < 2 * seconds; k++) await arrive(signal(24_000));
  };
  return { browser, microphone, told, clock, lasts, context: browser.contexts[0] };
}

const zeros = (samples) => new Float32Array(samples);
const nothing = () => new Float32Array(0);

test('where no sound arrives that is told with its cause, and that it is back once it is', async () => {
  const { browser, microphone, told, lasts, context } = await heard();
  await lasts(10, noise);
  context.state = 'interrupted'; // and no event says so
  await lasts(3, nothing);
  context.state = 'running';
  await lasts(1, noise);
  browser.track.muted = true;
  browser.track.onmute();
  await lasts(3, zeros);
  browser.track.muted = false;
  browser.track.onunmute();
  await lasts(1, noise);
  await lasts(6, zeros);
  await lasts(3, nothing);
  await lasts(1, noise);
  await microphone.close();
  assert.deepEqual(
    told.sound.map(({ arrives, cause }) => (arrives ? 'back' : cause)),
    ['suspended', 'back', 'muted', 'back', 'silent', 'stalled', 'back']
  );
});

test('to go on during a call changes nothing and rejects nothing, and can be tried again', async () => {
  const { microphone, told, lasts, context } = await heard();
  await lasts(1, noise);
  const { resume } = context;
  context.state = 'interrupted';
  context.onstatechange();
  context.resume = async () => {
    throw Object.assign(new Error('interrupted'), { name: 'InvalidStateError' });
  };
  await lasts(2, nothing);
  await microphone.resume();
  await lasts(2, nothing);
  assert.deepEqual(told.sound, [{ arrives: false, cause: 'suspended' }]);
  context.resume = resume;
  await microphone.resume();
  context.onstatechange();
  await lasts(1, noise);
  assert.deepEqual(told.sound.slice(1), [{ arrives: true, cause: null }]);
  await microphone.close();
});

test('a device that is gone without a word is missed', async () => {
  const { browser, told, clock } = await heard();
  browser.track.readyState = 'ended';
  clock.turn(1);
  await new Promise(setImmediate);
  assert.equal(told.ended.length, 1);
});

test('what is opened anew after nothing arrived counts as not heard until it is', async () => {
  const { microphone, told, lasts } = await heard();
  await lasts(3, nothing);
  await microphone.close();
  await microphone.open();
  await lasts(1, nothing);
  assert.deepEqual(told.sound, [{ arrives: false, cause: 'stalled' }]);
  await lasts(0.5, noise);
  assert.equal(told.sound.length, 2);
  await microphone.close();
});

test('closed, it counts no time any more', async () => {
  const { microphone, told, clock } = await heard();
  await microphone.close();
  clock.turn(60);
  assert.deepEqual(told.sound, []);
});

test('a context that will not close keeps nobody from opening the microphone anew', async () => {
  const { browser, microphone, context } = await heard();
  context.close = () => new Promise(() => {});
  await microphone.open();
  assert.equal(browser.contexts.length, 2);
  context.close = async () => {
    throw Object.assign(new Error('interrupted'), { name: 'InvalidStateError' });
  };
  await microphone.close();
});

const REFUSALS = {
  NotAllowedError: 'permission_denied',
  SecurityError: 'permission_denied',
  NotFoundError: 'no_device',
  OverconstrainedError: 'no_device',
  NotReadableError: 'device_busy',
  AbortError: 'device_busy',
  TypeError: 'unsupported',
};
for (const [refusal, reason] of Object.entries(REFUSALS)) {
  test(`a browser's ${refusal} is told as ${reason}, and nothing stays open`, async () => {
    const browser = install({ refusal });
    const { microphone } = listening();
    await assert.rejects(microphone.open(), (error) => {
      assert.ok(error instanceof MicrophoneError);
      assert.equal(error.reason, reason);
      assert.equal(error.cause.name, refusal);
      return true;
    });
    assert.equal(browser.contexts[0].state, 'closed');
  });
}

test('a page without HTTPS is told that this is why', async () => {
  install({ isSecure: false });
  const { microphone } = listening();
  await assert.rejects(microphone.open(), { reason: 'insecure_context' });
  await assert.rejects(microphone.devices(), { reason: 'insecure_context' });
});

test('a browser without any audio is told to be unsupported', async () => {
  const browser = install();
  browser.globals.AudioContext = undefined;
  uninstall();
  uninstall = browser.install();
  const { microphone } = listening();
  await assert.rejects(microphone.open(), { reason: 'unsupported' });
});

const NO_WORKLET = {
  'that is refused': async () => {
    throw Object.assign(new Error('blocked'), { name: 'AbortError' });
  },
  'that loads and registers nothing': async () => {},
};
for (const [what, addModule] of Object.entries(NO_WORKLET)) {
  test(`in the place of a worklet ${what}, as in Firefox before 114, a ScriptProcessor hears`, async () => {
    const browser = install();
    browser.addModule = addModule;
    const { microphone, told } = listening();
    await microphone.open();
    const block = noise(12_288);
    browser.script.onaudioprocess({ inputBuffer: { getChannelData: () => block } });
    await microphone.close();
    assert.equal(joined(told.chunk, Int16Array).length, 4096);
  });
}

test('a device that the audio thread cannot read is let go', async () => {
  const browser = install();
  const fault = new Error('another sample rate');
  browser.globals.AudioContext.prototype.createMediaStreamSource = () => {
    throw fault;
  };
  const { microphone } = listening();
  await assert.rejects(microphone.open(), { reason: 'unsupported', cause: fault });
  assert.equal(browser.track.readyState, 'ended');
  assert.equal(browser.contexts[0].state, 'closed');
});

test('closed while the browser still asks for permission, it does not open behind one\'s back', async () => {
  const browser = install();
  const { microphone, told } = listening();
  const opening = microphone.open();
  await microphone.close();
  await assert.rejects(opening, { reason: 'ended' });
  assert.equal(browser.track.readyState, 'ended');
  assert.deepEqual(told.ended, []);
});

test('the microphones are listed, and nothing else', async () => {
  install();
  const { microphone } = listening();
  assert.deepEqual(await microphone.devices(), [{ deviceId: 'a', label: 'Built-in' }]);
});

test('while it is open it names its device, which may be another than the first of the list', async () => {
  const browser = install();
  const { microphone } = listening();
  browser.chosen = 'b';
  assert.equal(microphone.deviceId, null);
  await microphone.open();
  assert.equal(microphone.deviceId, 'b');
  await microphone.close();
  assert.equal(microphone.deviceId, null);
});
