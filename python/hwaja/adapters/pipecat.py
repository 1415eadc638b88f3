"""hwaja as a speech-to-text service of Pipecat."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from pipecat.audio.utils import create_stream_resampler
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    StartFrame,
    TranscriptionFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService
from pipecat.transcriptions.language import Language
from pipecat.utils.errors import ErrorCategory
from pipecat.utils.network import exponential_backoff_time
from pipecat.utils.time import time_now_iso8601

from hwaja.adapters.service import Service, details_of, is_refusal
from hwaja.client import ClientError, ClientEvent, Finalize, Interim, Transcription
from hwaja.client.sound_files import mixed_down
from hwaja.client.timeline import MonotonicTimestamps
from hwaja.protocol.audio import SAMPLE_RATE

TTFS_P99_SECONDS = 1.4
"""99th percentile of the time from the end of speech to its final text, the pause that ends an
utterance included. The framework waits this long at the end of a turn. Measured with ten clients on
two cores (bench/RESULTS.md)."""

MOST_ATTEMPTS = 3
"""Failed attempts to open a session before the last error, as in the framework's own services."""

STOPPING_SECONDS = 10
"""Longest wait for the last texts when the pipeline ends."""


class HwajaSTTService(STTService):
    """Speech-to-text with speakers: the `user_id` of a final text is the name of the voice."""

    def __init__(
        self, service: Service, *, language: Language | str | None = None, **kwargs: Any
    ) -> None:
        """Prepare. `start` opens the session when the pipeline starts.

        Args:
            service: the server and the voices.
            language: language of the conversation; None: the server's default.
            kwargs: arguments of the base class.

        """
        settings = STTSettings(model=None, language=language)
        options = {"ttfs_p99_latency": TTFS_P99_SECONDS, **kwargs}
        super().__init__(sample_rate=SAMPLE_RATE, settings=settings, **options)
        self._service = service
        self._resampler = create_stream_resampler()
        self._audio: asyncio.Queue[bytes | Finalize | None] = asyncio.Queue()
        self._listening: asyncio.Task[None] | None = None
        self._timestamps = MonotonicTimestamps()

    @property
    def _language(self) -> str | None:
        language = self._settings.language
        return language if isinstance(language, str) else None

    def can_generate_metrics(self) -> bool:
        """Return True: the base class measures the latency of texts."""
        return True

    async def start(self, frame: StartFrame) -> None:
        """Open a session. Audio is queued until the voices are enrolled."""
        await super().start(frame)
        self._listening = self.create_task(self._listen())

    async def stop(self, frame: EndFrame) -> None:
        """Wait for the last texts, at most `STOPPING_SECONDS`, then end the session."""
        self._audio.put_nowait(None)
        if self._listening is not None:
            await asyncio.wait({self._listening}, timeout=STOPPING_SECONDS)
        await self._leave()
        await super().stop(frame)

    async def cancel(self, frame: CancelFrame) -> None:
        """End the session at once."""
        await self._leave()
        await super().cancel(frame)

    async def cleanup(self) -> None:
        """End the session, if it is still open."""
        await self._leave()
        await super().cleanup()

    async def process_audio_frame(
        self, frame: InputAudioRawFrame, direction: FrameDirection
    ) -> None:
        """Take audio of any rate and number of channels; see the base class."""
        mono = mixed_down(frame.audio, frame.num_channels)
        audio = await self._resampler.resample(mono, frame.sample_rate, SAMPLE_RATE)
        if audio:  # a resampler buffers the first frames
            heard = replace(frame, audio=audio, sample_rate=SAMPLE_RATE, num_channels=1)
            await super().process_audio_frame(heard, direction)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Have a turn answered at once where the pipeline's VAD ends it; see the base class."""
        await super().process_frame(frame, direction)
        if isinstance(frame, VADUserStoppedSpeakingFrame):
            self._put(Finalize())

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None]:
        """Queue PCM16 for the session. Texts are pushed later, when the server sends them."""
        self._put(audio)
        yield None

    def _put(self, item: bytes | Finalize) -> None:
        if self._listening is not None and not self._listening.done():
            self._audio.put_nowait(item)

    async def set_usable(self, is_usable: bool) -> None:
        """Open a session again, if the service had stopped trying; see the base class."""
        await super().set_usable(is_usable)
        if is_usable and self._listening is not None and self._listening.done():
            self._listening = self.create_task(self._listen())

    async def _update_settings(self, delta: Any) -> dict[str, Any]:
        changed: dict[str, Any] = await super()._update_settings(delta)
        self._warn_unhandled_updated_settings(changed)
        return changed

    async def _listen(self) -> None:
        """Push texts. Open another session when one ends. Stop when the service is not usable."""
        self._attempts = 0
        try:
            while True:
                if await self._converse() or not self.is_usable:
                    return
                await asyncio.sleep(exponential_backoff_time(self._attempts, min_wait=1))
        finally:
            self._audio = asyncio.Queue()  # drop the queued audio

    async def _converse(self) -> bool:
        """Push the texts of one session. Return whether the conversation is complete."""
        try:
            async with self._service.open() as client:
                self._attempts = 0
                self._timestamps.renew()
                await self._call_event_handler("on_connected")
                talk = self._service.transcribe(client, self._chunks(), self._language)
                async with aclosing(talk):
                    async for event in talk:
                        await self._forward(event)
        except ClientError as error:
            self._attempts += 1
            await self._report(error)
            return False
        except Exception as error:  # its text may contain private data
            sentence = f"Listening failed ({type(error).__name__})."
            await self.push_error(sentence, error, force_treat_as_permanent=True)
            return False
        return True

    async def _report(self, error: ClientError) -> None:
        """Push an error. The service becomes unusable if another attempt is futile."""
        await self._call_event_handler("on_connection_error", str(error))
        is_refused = is_refusal(error)
        category = ErrorCategory.INVALID_REQUEST if is_refused else ErrorCategory.CONNECTIVITY
        is_last = self._attempts >= MOST_ATTEMPTS
        await self.push_error(
            str(error), error, category=category, force_treat_as_permanent=is_last
        )

    async def _chunks(self) -> AsyncIterator[bytes | Finalize]:
        while (chunk := await self._audio.get()) is not None:
            yield chunk
        self._audio.put_nowait(None)  # another session needs the end mark if this one fails

    async def _forward(self, event: ClientEvent) -> None:
        match event:
            case Interim() if event.text:
                await self.push_frame(
                    InterimTranscriptionFrame(
                        event.text, self._user_id, time_now_iso8601(), result=event
                    )
                )
            case Transcription():
                await self.emit_stt_usage_metrics()
                await self.push_frame(self._final(event))

    def _final(self, transcription: Transcription) -> TranscriptionFrame:
        details = details_of(transcription)
        seconds = details.end_seconds - details.start_seconds
        return TranscriptionFrame(
            transcription.text,
            self._service.name(transcription) or self._user_id,
            self._timestamps.dated(transcription.timestamp, seconds),
            _known(details.language or self._language),
            result=transcription,
            finalized=True,
        )

    async def _leave(self) -> None:
        if self._listening is not None:
            listening, self._listening = self._listening, None
            await self.cancel_task(listening)
            await self._call_event_handler("on_disconnected")


def _known(code: str | None) -> Language | None:
    """Return the framework's language for a code; None if it has none."""
    return Language(code) if code in set(Language) else None
