"""Discovers the speakers of a session by their voices, where they are not enrolled.

Enrolled voices keep their ids. A voice that is not enrolled gets the lowest id that is free. If it
is kept, it becomes an enrolled one. In the transcription in which it was discovered, its speech is
still grouped anew, since the client may have named it before it was well known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np

from hwaja.engines.interface import Embedding, VoiceTrack
from hwaja.speakers.clustering import ODDS_PER_COSINE, thresholds
from hwaja.speakers.diarize import piece_of
from hwaja.speakers.gallery import Gallery, Voice, free_id, mean_voice
from hwaja.speakers.parts import Correction, Part
from hwaja.speakers.verdict import MIN_SPEECH_SECONDS
from hwaja.speakers.voice_changes import spans_of_voices
from hwaja.speakers.voices import PooledVoice, Voices, units_of

LEAST_SECONDS = 0.8
"""Least speech of a part to tell a new voice. A shorter part is given to the nearest voice."""

LEAST_SECONDS_AT_FIRST = 0.3
"""The same, before `FIRST_SECONDS` of speech are known: who begins with short words is somebody."""

FIRST_SECONDS = 3.0

_Spoken = tuple[Part, Voice]
"""A part of an utterance, without scores, and its voice."""


class Discovery:
    """The speakers of one session, enrolled and discovered."""

    def __init__(self, voices: Voices) -> None:
        """Begin without discovered voices. `voices` are the enrolled ones, read each time."""
        self._voices = voices
        self._gallery = Gallery()
        self._sealed: dict[int, float] = {}  # seconds of speech in the voices of `unsealed`

    def begin(self) -> None:
        """Begin a transcription. The voices of the last one stay, its parts are not corrected.

        Those that were kept are enrolled voices from now on.
        """
        self._gallery.begin()

    def keep(self, speaker_id: int) -> bool:
        """Keep a discovered voice like an enrolled one. Return whether there is such a voice."""
        if speaker_id in self._voices.speaker_ids:
            return True
        is_known = self._gallery.keep(speaker_id)
        self._enrol_kept()
        return is_known

    def _enrol_kept(self) -> None:
        """Enrol the voices that are kept, as they are now."""
        voices = self._gallery.voices({})
        for speaker_id in self._gallery.kept:
            unit, seconds = voices[speaker_id].unit, voices[speaker_id].seconds
            self._voices.enrol(speaker_id, PooledVoice(unit, seconds, takes=0))

    def unsealed(self, *, anew: bool = False) -> dict[int, PooledVoice | None]:
        """Return the discovered voices that are not as they were when this was called last.

        With `anew`, return all of them. None: there is no such voice any more, or it has less
        speech than an enrolment needs. The caller overwrites the voices.
        """
        known = self._known
        enrolled = {k for k in self._voices.speaker_ids if not self._is_discovered(k)}
        found = {k: v for k, v in self._gallery.voices(known).items() if k not in enrolled}
        long = {k: v for k, v in found.items() if v.seconds >= MIN_SPEECH_SECONDS}
        gone = (found if anew else self._sealed).keys() - long.keys()
        changed = [k for k, v in long.items() if anew or self._sealed.get(k) != v.seconds]
        self._sealed = {k: voice.seconds for k, voice in long.items()}
        news = {k: PooledVoice(long[k].unit, long[k].seconds, takes=0) for k in changed}
        return news | dict.fromkeys(gone)

    def _is_discovered(self, speaker_id: int) -> bool:
        pooled = self._voices.of(speaker_id)
        return pooled is None or pooled.takes == 0

    def forget(self) -> None:
        """Overwrite the memory of every discovered voice, and drop it."""
        self._gallery.forget()

    def unembedded(self, whole: Part) -> Part:
        """Return an utterance with too little speech to embed, with the speakers it may have."""
        speaker_ids = tuple(self._gallery.voices(self._known)) or (free_id(()),)
        return replace(whole, speaker_ids=speaker_ids)

    def take(
        self, track: VoiceTrack, whole: Part, most_speakers: int, *, divides: bool = True
    ) -> tuple[tuple[Part, ...], tuple[Correction, ...]]:
        """Take the next utterance. Return its parts, and the corrections of earlier ones.

        Args:
            track: embeddings of the utterance.
            whole: the utterance as one part; not short.
            most_speakers: the most speakers, the enrolled ones included.
            divides: whether the utterance may have several speakers.

        Raises:
            ValueError: for an embedding without direction (zero or not finite).

        """
        before = self._gallery.ids
        spans = spans_of_voices(track) if divides else [(0, len(track.windows))]
        spoken = [_spoken(*piece_of(track, span, whole)) for span in spans]
        is_first = self._gallery.seconds < FIRST_SECONDS
        least_seconds = LEAST_SECONDS_AT_FIRST if is_first else LEAST_SECONDS
        for part, voice in spoken:
            if part.speech_seconds >= least_seconds:
                self._gallery.add(part.start, voice)
        self._gallery.group(self._known, most_speakers)
        self._enrol_kept()
        parts = [self._compared(speaker_id, run) for speaker_id, run in [*self._turns(spoken)]]
        now = self._gallery.ids
        changed = [start for start, speaker_id in before.items() if now[start] != speaker_id]
        return tuple(parts), tuple(Correction(start, now[start]) for start in changed)

    @property
    def _known(self) -> dict[int, Voice]:
        """The enrolled voices, without those whose speech is in the gallery."""
        found = {}
        for speaker_id in sorted(set(self._voices.speaker_ids) - self._gallery.kept):
            pooled = self._voices.of(speaker_id)
            if pooled is not None:
                unit = units_of(pooled.voice[None])[0]
                found[speaker_id] = Voice(unit, pooled.speech_seconds)
        return found

    def _turns(self, spoken: Sequence[_Spoken]) -> Iterator[tuple[int, list[_Spoken]]]:
        """Yield the parts that follow each other and have one speaker."""
        ids = self._gallery.ids
        voices = self._gallery.voices(self._known)

        def speaker_of(each: _Spoken) -> int:
            part, voice = each
            if part.start in ids or not voices:
                return ids.get(part.start, free_id(()))
            return max(voices, key=lambda k: float(voices[k].unit @ voice.unit))

        for speaker_id, run in groupby(spoken, key=speaker_of):
            yield speaker_id, list(run)

    def _compared(self, speaker_id: int, run: Sequence[_Spoken]) -> Part:
        """Return the parts of one turn as one, with its likeness to every voice."""
        parts = [part for part, _ in run]
        voice = mean_voice([voice for _, voice in run])
        self._gallery.join([part.start for part in parts], speaker_id)
        voices = self._gallery.voices(self._known, without=parts[0].start)
        is_new = speaker_id not in voices
        ids = sorted({*voices, speaker_id})
        voices.setdefault(speaker_id, voice)
        units = np.stack([voices[k].unit for k in ids])
        seconds = np.array([voices[k].seconds for k in ids])
        cosines = np.clip(units @ voice.unit, -1, 1)
        scores = cosines - thresholds(seconds, voice.seconds)
        prior = self._gallery.oneness(np.minimum(seconds, voice.seconds))
        evidence = ODDS_PER_COSINE * scores + prior
        place = ids.index(speaker_id)
        if is_new:
            evidence[place] = 0.0
        evidence[place] = evidence.max()  # all speech together may tell more than this part
        return replace(
            parts[0],
            stop=parts[-1].stop,
            speaker_ids=tuple(ids),
            speech_seconds=sum(part.speech_seconds for part in parts),
            overlap_seconds=sum(part.overlap_seconds for part in parts),
            cosines=tuple(cosines.tolist()),
            scores=tuple(scores.tolist()),
            evidence=tuple(evidence.tolist()),
            nobody_evidence=float("-inf") if is_new else 0.0,
        )


def _spoken(part: Part, embedding: Embedding) -> _Spoken:
    return part, Voice(units_of(embedding[None])[0], part.speech_seconds)
