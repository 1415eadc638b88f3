"""A microphone of the page that hears what a program hands it, when the program wants that."""

import base64

from playwright.async_api import Page

MICROPHONE = """
globalThis.AudioContext = class {
  constructor() { Object.assign(this, { sampleRate: 16000, state: 'running', destination: {} }); }
  async resume() {}
  async close() {}
  createMediaStreamSource() { return { context: this, connect: (node) => node, disconnect() {} }; }
  createScriptProcessor() {
    const node = { connect: (other) => other, disconnect() {} };
    globalThis.hear = (written) => {
      const bytes = Uint8Array.from(atob(written), (letter) => letter.charCodeAt(0));
      const heard = Float32Array.from(new Int16Array(bytes.buffer), (sample) => sample / 32768);
      for (let from = 0; from < heard.length; from += 4096) {
        const block = heard.slice(from, from + 4096);
        node.onaudioprocess({ inputBuffer: { getChannelData: () => block } });
      }
    };
    return node;
  }
};
"""
"""Stands in for the audio of the browser: it brings what this program hands to `hear`."""


async def hear(page: Page, pcm: bytes) -> None:
    """Have the open microphone of a page hear PCM16 of 16 kHz, all at once."""
    await page.evaluate("(heard) => hear(heard)", base64.b64encode(pcm).decode())
