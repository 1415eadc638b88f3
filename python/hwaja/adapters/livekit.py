"""hwaja as a speech-to-text plugin of LiveKit Agents."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, APIStatusError, stt
from livekit.agents.language import LanguageCode
from livekit.agents.types import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    NotGivenOr,
    TimedString,
)
from livekit.agents.utils import AudioBuffer, is_given
from livekit.agents.utils.audio import AudioByteStream

from hwaja.adapters.service import Service, details_of, is_refusal
from hwaja.client import (
    ClientError,
    ClientEvent,
    Finalize,
    Interim,
    RefusedError,
    Transcription,
)
from hwaja.client.sound_files import mixed_down
from hwaja.client.timeline import MonotonicOffset, whole_ms
from hwaja.protocol.audio import SAMPLE_RATE

CHUNK_SAMPLES = SAMPLE_RATE // 20
"""Samples per sent chunk: 50 ms, as in the framework's own speech-to-text plugins."""


class STT(stt.STT[Any]):
    """Speech-to-text with speakers, for streams only. The framework resamples the audio."""

    def __init__(self, service: Service, *, language: str | None = None) -> None:
        """Prepare. Every stream opens its own session.

        Args:
            service: the server and the voices.
            language: language code; None: the server's default.

        """
        capabilities = stt.STTCapabilities(
            streaming=True,
            interim_results=True,
            diarization=True,
            aligned_transcript="chunk",
            offline_recognize=False,
            manual_flush=True,
        )
        super().__init__(capabilities=capabilities)
        self.service = service
        self._language = language

    @property
    def provider(self) -> str:
        """Name of the provider in the framework's metrics."""
        return "hwaja"

    async def _recognize_impl(
        self,
        buffer: AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        raise NotImplementedError("hwaja hears streams only: use stream().")

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> "Stream":
        """Open a session with the server."""
        return Stream(self, language if is_given(language) else self._language, conn_options)


class Stream(stt.RecognizeStream):
    """One session: enrols the voices, then emits speech events."""

    def __init__(self, hwaja: STT, language: str | None, conn_options: APIConnectOptions) -> None:
        super().__init__(stt=hwaja, conn_options=conn_options, sample_rate=SAMPLE_RATE)
        self._service = hwaja.service
        self._language = language
        self._offset_ms = MonotonicOffset()
        self._open: set[int] = set()  # segments with an interim text
        self._is_speaking = False
        self._unreported_seconds = 0.0

    def push_frame(self, frame: rtc.AudioFrame) -> None:
        """Take audio of any number of channels; see the base class."""
        super().push_frame(frame if frame.num_channels == 1 else _mono(frame))

    async def _run(self) -> None:
        self._offset_ms.renew()
        try:
            async with self._service.open() as client:
                talk = self._service.transcribe(client, self._chunks(), self._language)
                async with aclosing(talk):
                    async for event in talk:
                        self._forward(event)
        except RefusedError as error:
            body = {"code": error.code, "reason": error.reason, "speaker_id": error.speaker_id}
            is_futile = is_refusal(error)
            raise APIStatusError(str(error), body=body, retryable=not is_futile) from error
        except ClientError as error:
            raise APIConnectionError(str(error)) from error
        finally:
            self._open.clear()
            self._end()

    async def _chunks(self) -> AsyncIterator[bytes | Finalize]:
        """Yield the audio. The framework's `flush` ends a turn, which is then answered at once."""
        stream = AudioByteStream(SAMPLE_RATE, 1, CHUNK_SAMPLES)
        async for item in self._input_ch:
            frames = stream.push(item.data) if isinstance(item, rtc.AudioFrame) else stream.flush()
            for frame in frames:
                self._unreported_seconds += frame.duration
                yield frame.data.tobytes()
            if not isinstance(item, rtc.AudioFrame):
                yield Finalize()

    def _forward(self, event: ClientEvent) -> None:
        match event:
            case Interim(text=""):
                self._open.discard(event.segment_id)
                self._send(stt.SpeechEventType.INTERIM_TRANSCRIPT, self._interim(""))
                self._end()
            case Interim():
                self._open.add(event.segment_id)
                self._begin()
                self._send(stt.SpeechEventType.INTERIM_TRANSCRIPT, self._interim(event.text))
            case Transcription():
                self._open.discard(event.segment_id or 0)
                self._begin()
                self._report_usage()
                self._send(stt.SpeechEventType.FINAL_TRANSCRIPT, self._final(event))
                self._end()

    def _begin(self) -> None:
        if not self._is_speaking:
            self._is_speaking = True
            self._send(stt.SpeechEventType.START_OF_SPEECH)

    def _end(self) -> None:
        if self._is_speaking and not self._open:
            self._is_speaking = False
            self._send(stt.SpeechEventType.END_OF_SPEECH)

    def _send(self, kind: stt.SpeechEventType, *alternatives: stt.SpeechData) -> None:
        self._event_ch.send_nowait(stt.SpeechEvent(kind, alternatives=list(alternatives)))

    def _report_usage(self) -> None:
        usage = stt.RecognitionUsage(audio_duration=self._unreported_seconds)
        self._unreported_seconds = 0.0
        kind = stt.SpeechEventType.RECOGNITION_USAGE
        self._event_ch.send_nowait(stt.SpeechEvent(kind, recognition_usage=usage))

    def _interim(self, text: str) -> stt.SpeechData:
        """Return an interim text. Its speaker is unknown until the final text."""
        return stt.SpeechData(LanguageCode(self._language or ""), text)

    def _final(self, transcription: Transcription) -> stt.SpeechData:
        details = details_of(transcription)
        name = self._service.name(transcription)
        # The framework's offset is elapsed time, while audio may arrive faster than real time.
        offset_ms = whole_ms(self.start_time_offset)
        start_ms = offset_ms + whole_ms(details.start_seconds)
        end_ms = offset_ms + whole_ms(details.end_seconds)
        offset = (offset_ms + self._offset_ms.of(start_ms, end_ms)) / 1000
        return stt.SpeechData(
            LanguageCode(details.language or self._language or ""),
            transcription.text,
            start_time=offset + details.start_seconds,
            end_time=offset + details.end_seconds,
            confidence=details.probability,
            speaker_id=name,
            words=[
                TimedString(
                    token.text,
                    start_time=offset + token.start_seconds,
                    start_time_offset=offset,
                    speaker_id=name,
                )
                for token in details.tokens
            ],
            metadata=self._service.figures(transcription),
        )


def _mono(frame: rtc.AudioFrame) -> rtc.AudioFrame:
    mono = mixed_down(bytes(frame.data.cast("B")), frame.num_channels)
    return rtc.AudioFrame(mono, frame.sample_rate, 1, frame.samples_per_channel)
