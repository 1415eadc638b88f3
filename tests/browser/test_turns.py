"""The browser client in Chromium: turns, changes and pauses."""

import base64
from typing import Any

import clips
import pytest
from loopback import Endpoint

from browser.conftest import Visit

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

CONVERSE = """
async ([url, voices, words]) => {
  const { STTClient } = await import('/client/hwaja.js');
  const pcm = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
  const client = new STTClient(url, { hello: true });
  const told = [];
  for (const type of ['speech_started', 'speech_ended', 'transcription', 'finalized']) {
    client.on(type, ({ segment_id: segmentId }) => told.push([type, segmentId]));
  }
  const welcome = await client.connect();
  for (const [speakerId, voice] of voices.entries()) {
    await client.startSpeakerRegistration(speakerId);
    await client.sendAudio(pcm(voice));
    await client.completeSpeakerRegistration(speakerId);
  }
  await client.startTranscription();
  client.sendAudio(pcm(words));
  const first = await client.finalize();
  await client.pauseTranscription();
  client.sendAudio(pcm(words));
  const resumed = await client.resumeTranscription();
  await client.updateTranscription({ events: ['speech_started', 'speech_ended'] });
  await client.keepAlive();
  client.sendAudio(pcm(words));
  await client.finalize();
  const updating = client.updateTranscription({ language: 'xx' });
  const refusal = await updating.catch(({ reason }) => reason);
  const stopped = await client.stopTranscription();
  await client.close();
  return { welcome, told, first, resumed, refusal, stopped };
}
"""


def encoded(pcm: bytes) -> str:
    return base64.b64encode(pcm).decode()


async def test_a_page_ends_turns_and_changes_a_transcription(
    endpoint: Endpoint, visit: Visit
) -> None:
    visitor = await visit(endpoint.page)
    words = clips.silence(0.5) + clips.part("beckett", 4.4, 5.6)
    asked = [endpoint.url, [encoded(voice) for voice in clips.voices()], encoded(words)]
    found: dict[str, Any] = await visitor.page.evaluate(CONVERSE, asked)
    samples = len(words) // 2
    assert "finalize" in found["welcome"]["abilities"]["messages"]
    assert found["first"]["received_samples"] == samples
    assert found["resumed"]["received_samples"] == 2 * samples
    assert found["refusal"] == "language_unsupported"
    assert found["stopped"]["utterances"] == 2
    assert found["told"] == [
        ["transcription", 0],
        ["finalized", None],
        ["speech_started", 1],
        ["speech_ended", 1],
        ["transcription", 1],
        ["finalized", None],
    ]
