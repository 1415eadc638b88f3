"""The JavaScript of the specification, unchanged, in a browser."""

import re
from pathlib import Path

import clips
import pytest
from loopback import Endpoint

from browser.conftest import Visit

SPECIFICATION = Path(__file__).resolve().parents[3] / "shared" / "api-spec.md"

pytestmark = [
    pytest.mark.models,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(
        not SPECIFICATION.exists(), reason="the specification is kept beside the repository"
    ),
]

GLUE = """
class Page extends STTClient {
  constructor() {
    super();
    this.told = [];
    this.shown = [];
  }
  async setupAudio() {
    if (this.audioContext !== null) return;
    this.mediaStream = await navigator.mediaDevices.getUserMedia({ audio: true });
    this.audioContext = new AudioContext({ sampleRate: 16000 });
    const source = this.audioContext.createMediaStreamSource(this.mediaStream);
    const listening = this.audioContext.createScriptProcessor(4096, 1, 1);
    listening.onaudioprocess = ({ inputBuffer }) =>
      sendAudio(this.ws, convertToPCM16(inputBuffer.getChannelData(0)));
    source.connect(listening);
    listening.connect(this.audioContext.destination);
    await this.audioContext.resume();
  }
  onMessage(event) {
    this.told.push(JSON.parse(event.data));
    super.onMessage(event);
  }
  displayTranscription(data) { this.shown.push(data); }
  onError() { this.told.push({ type: 'the connection failed' }); }
  onClose({ code }) { this.told.push({ type: `closed: ${code}` }); }
  async until(type, count = 1) {
    while (this.told.filter((message) => message.type === type).length < count) {
      await new Promise((resolve) => this.ws.addEventListener('message', resolve, { once: true }));
    }
    return this.told.filter((message) => message.type === type)[count - 1];
  }
  /** Hear so many seconds of the microphone. */
  async hear(seconds) {
    const until = this.audioContext.currentTime + seconds;
    while (this.audioContext.currentTime < until) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  }
}
"""

DRIVE = """
async () => {
  const client = new Page();
  await client.until('model_loaded');
  for (const speakerId of [0, 1]) {
    await client.startSpeakerRegistration(speakerId);
    await client.until('speaker_registration_started', speakerId + 1);
    await client.hear(SECONDS[speakerId]);
    client.completeSpeakerRegistration(speakerId);
    await client.until('speaker_registration_completed', speakerId + 1);
  }
  client.startTranscription();
  await client.until('transcription_started');
  await client.until('transcription', 2);
  return [client.told, client.shown];
}
"""


def blocks() -> list[str]:
    """The specification's pieces of JavaScript."""
    return re.findall(r"```javascript\n(.*?)```", SPECIFICATION.read_text("utf-8"), re.DOTALL)


def sample(url: str) -> str:
    """Conversion, sending and client, verbatim but for the address."""
    (conversion,) = [block for block in blocks() if "function convertToPCM16" in block]
    (client,) = [block for block in blocks() if "class STTClient" in block]
    # Behind the function stands how to send what it makes.
    conversion, sending = conversion.split("// 전송\n")
    sending = f"function sendAudio(websocket, pcmData) {{\n{sending}}}\n"
    addressed = re.sub(r"wss://[\w.-]+:\d+", url, client)
    assert addressed != client
    return conversion + sending + addressed


async def test_the_sample_code_of_the_specification_receives_its_messages(
    endpoint: Endpoint, visit: Visit
) -> None:
    voices = clips.part("beckett", 0, 4.5), clips.deepened(clips.part("two_cities", 1, 5))
    visitor = await visit(endpoint.page + "healthz")  # an empty page of the same origin
    seconds = [1 + len(voice) / 32_000 for voice in voices]
    gap = clips.silence(1)
    visitor.tape.record(gap + voices[0] + gap + voices[1] + gap + clips.conversation())
    script = f"const SECONDS = {seconds};\n{sample(endpoint.url)}{GLUE}\nreturn ({DRIVE})();"
    told, shown = await visitor.page.evaluate(f"async () => {{ {script} }}")
    kinds = [message["type"] for message in told if message["type"] != "transcription"]
    enrolment = ["speaker_registration_started", "speaker_registration_completed"]
    assert kinds == ["model_loaded", *enrolment, *enrolment, "transcription_started"]
    assert shown == [message for message in told if message["type"] == "transcription"]
    for message in shown:
        assert list(message) == ["type", "speaker_id", "text", "timestamp", "confidence"]
    assert "try again" in " ".join(message["text"] for message in shown).lower()
