"""Opus, by the encoder of a real browser."""

from base64 import b64encode

import clips
import pytest
from loopback import Endpoint

from browser.conftest import Visit

pytestmark = pytest.mark.models

TALK = """async ([url, base64]) => {
  const { STTClient } = await import('/client/hwaja.js');
  const { OpusEncoder, OpusFormat } = await import('/client/opus.js');
  if (!(await OpusEncoder.isSupported())) return null;
  const pcm = new Int16Array(Uint8Array.from(atob(base64), (each) => each.charCodeAt(0)).buffer);
  const client = new STTClient(url);
  const said = [];
  client.on('transcription', (message) => said.push(message));
  await client.connect();
  await client.startTranscription({ speakers: 'discover', audio: new OpusFormat() });
  const encoder = new OpusEncoder();
  let bytes = 0;
  encoder.on('packet', (packet) => {
    bytes += packet.length;
    client.sendAudio(packet);
  });
  for (let at = 0; at < pcm.length; at += 4096) encoder.encode(pcm.subarray(at, at + 4096));
  await encoder.flush();
  encoder.close();
  await client.stopTranscription();
  await client.close();
  return { said, bytes };
}"""


@pytest.mark.asyncio(loop_scope="session")
async def test_what_the_browser_encodes_as_opus_is_transcribed(
    endpoint: Endpoint, visit: Visit
) -> None:
    talk = clips.conversation()
    visitor = await visit(endpoint.page)
    found = await visitor.page.evaluate(TALK, [endpoint.url, b64encode(talk).decode()])
    if found is None:
        pytest.skip("this browser encodes no Opus")
    starts = [message["start_seconds"] for message in found["said"]]
    assert "again" in found["said"][0]["text"].lower()
    assert starts == sorted(starts)
    assert 10 < found["said"][-1]["end_seconds"] < 13
    assert found["bytes"] < len(talk) / 5
