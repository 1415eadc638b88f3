"""Speakers who are found by their voices, with and without enrolled ones beside them."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from fakes import no_cohort
from unheard import DIM, Rows, Talkers

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Label
from hwaja.speakers.diarize import split_by_voice
from hwaja.speakers.discovery import Discovery
from hwaja.speakers.gallery import MOST_PIECES
from hwaja.speakers.parts import Part
from hwaja.speakers.voice_changes import next_voice
from hwaja.speakers.voices import Voices, pool


class Room:
    """A discovery, and the people whom it listens to."""

    def __init__(self, most_speakers: int = 8) -> None:
        self.voices = Voices(no_cohort(DIM))
        self.discovery = Discovery(self.voices)
        self.talkers = Talkers()
        self.most_speakers = most_speakers
        self.labels: dict[int, int] = {}
        """The speaker of each part by its first sample, with all corrections."""

    def enrol(self, speaker_id: int, person: int) -> None:
        voice = self.talkers.windows(person, 5.0).mean(axis=0)
        self.voices.enrol(speaker_id, pool(None, voice, 5.0))

    def hear(self, *turns: tuple[int, float]) -> list[Part]:
        return self.take(np.concatenate([self.talkers.windows(*turn) for turn in turns]))

    def take(self, windows: Rows, *, divides: bool = True) -> list[Part]:
        parts, corrections = self.discovery.take(
            *self.talkers.utterance(windows), self.most_speakers, divides=divides
        )
        for correction in corrections:
            assert self.labels[correction.start] != correction.speaker_id
            self.labels[correction.start] = correction.speaker_id
        self.labels |= dict(zip((part.start for part in parts), speakers(parts), strict=True))
        return list(parts)

    @property
    def last_labels(self) -> list[int]:
        """The speakers of all parts in the order of speech."""
        return [self.labels[start] for start in sorted(self.labels)]


def speakers(parts: Sequence[Part]) -> list[int]:
    return [part.speaker_ids[part.nearest] for part in parts]


def test_speakers_get_ids_in_the_order_in_which_they_speak_and_keep_them() -> None:
    room = Room()
    heard = [speakers(room.hear((person, 3.0))) for person in (5, 2, 5, 7, 2, 7)]
    assert heard == [[0], [1], [0], [2], [1], [2]]


def test_the_first_second_of_a_second_person_is_enough() -> None:
    room = Room()
    assert speakers(room.hear((0, 1.3))) == [0]
    assert speakers(room.hear((1, 1.3))) == [1]


def test_unknown_people_who_answer_without_a_pause_get_a_part_each() -> None:
    parts = Room().hear((0, 3.0), (1, 3.0), (0, 3.0))
    assert speakers(parts) == [0, 1, 0]
    changes_seconds = [(part.start - parts[0].start) / SAMPLE_RATE for part in parts]
    assert changes_seconds == pytest.approx([0, 3, 6], abs=0.4)
    assert all(one.stop == other.start for one, other in pairwise(parts))


def test_one_voice_is_one_part_however_long() -> None:
    (part,) = Room().hear((0, 14.0))
    assert part.speech_seconds == pytest.approx(14, abs=0.2)


def test_there_are_no_more_speakers_than_were_asked_for() -> None:
    room = Room(most_speakers=2)
    for person in (0, 1, 2, 3, 0, 1):
        room.hear((person, 3.0))
    assert set(room.last_labels) == {0, 1}


def test_an_enrolled_voice_keeps_its_id_and_a_stranger_gets_the_lowest_free_one() -> None:
    room = Room()
    room.enrol(1, person=3)
    room.enrol(0, person=4)
    heard = [speakers(room.hear((person, 2.0))) for person in (6, 3, 4, 6)]
    assert heard == [[2], [1], [0], [2]]


def test_enrolled_voices_may_be_alike_and_are_never_one_speaker() -> None:
    room = Room(most_speakers=1)
    alike = np.eye(DIM, dtype=np.float32)[0] + 0.3 * np.eye(DIM, dtype=np.float32)[1:3]
    for speaker_id, voice in enumerate(alike):
        room.voices.enrol(speaker_id, pool(None, voice, 5.0))
    (part,) = room.hear((0, 3.0))
    assert part.speaker_ids == (0, 1)


def test_a_voice_that_is_enrolled_later_takes_its_id_from_a_discovered_one() -> None:
    room = Room()
    room.hear((0, 3.0))
    room.enrol(0, person=1)
    assert speakers(room.hear((1, 3.0))) == [0]
    assert speakers(room.hear((0, 3.0))) == [1]


def test_two_ids_of_one_person_become_one_when_more_speech_shows_it() -> None:
    """The same voice sounds unlike itself at first: through a hand, then from afar."""
    room = Room()
    for colour in (6, 7):
        room.take(0.6 * room.talkers.windows(0, 2.0) + 0.8 * room.talkers.windows(colour, 2.0))
    assert room.last_labels == [0, 1]
    for _ in range(3):
        room.hear((0, 3.0))
    assert len(set(room.last_labels)) == 1


def test_a_short_answer_follows_its_speaker_to_the_id_that_the_person_turns_out_to_have() -> None:
    """A list of speakers would else have a third one, of whom there is nothing but a short line."""
    room = Room()
    room.take(0.6 * room.talkers.windows(0, 2.0) + 0.8 * room.talkers.windows(6, 2.0))
    room.take(0.6 * room.talkers.windows(0, 2.0) + 0.8 * room.talkers.windows(7, 2.0))
    room.take(0.6 * room.talkers.windows(0, 0.6) + 0.8 * room.talkers.windows(7, 0.6))
    assert room.last_labels == [0, 1, 1]
    for _ in range(3):
        room.hear((0, 3.0))
    assert len(set(room.last_labels)) == 1


def test_a_short_answer_does_not_go_to_a_new_person_who_gets_the_id_that_became_free() -> None:
    room = Room()
    room.take(0.6 * room.talkers.windows(0, 2.0) + 0.8 * room.talkers.windows(6, 2.0))
    room.take(0.6 * room.talkers.windows(0, 2.0) + 0.8 * room.talkers.windows(7, 2.0))
    room.take(0.6 * room.talkers.windows(0, 0.6) + 0.8 * room.talkers.windows(7, 0.6))
    assert room.last_labels == [0, 1, 1]
    room.hear((0, 9.0), (3, 3.0))
    assert room.last_labels == [0, 0, 0, 0, 1]


@pytest.mark.parametrize("is_new", [False, True])
def test_a_new_transcription_keeps_the_voices_and_corrects_no_part_of_the_last(
    is_new: bool,
) -> None:
    room = Room()
    room.hear((0, 3.0))
    room.hear((1, 3.0))
    if is_new:
        room.discovery.begin()
    assert speakers(room.hear((1, 3.0))) == [1]
    _, corrections = room.discovery.take(*room.talkers.say((1, 3.0)), 1)
    assert len(corrections) == (0 if is_new else 1)


def test_a_short_answer_is_given_to_the_nearest_voice_and_never_to_a_new_one() -> None:
    room = Room()
    room.hear((0, 3.0))
    room.hear((1, 3.0))
    assert speakers(room.hear((1, 0.6))) == [1]
    (stranger,) = room.hear((2, 0.6))
    assert stranger.speaker_ids == (0, 1)


def test_before_anybody_is_known_a_short_answer_has_the_first_id() -> None:
    room = Room()
    assert speakers(room.hear((3, 0.5))) == [0]
    assert room.discovery.unembedded(Part(0, 100, (), 0.05)).speaker_ids == (0,)


def test_a_label_is_sure_of_a_voice_that_is_known_and_not_of_one_between_two() -> None:
    room = Room()
    for person in (0, 1, 0, 1):
        room.hear((person, 4.0))
    (sure,) = room.hear((0, 4.0))
    assert sure.label is Label.SURE
    assert sure.cosines[0] > sure.cosines[1]
    between = room.talkers.windows(0, 1.0, 0.5) + room.talkers.windows(1, 1.0, 0.5)
    assert room.take(between)[0].label is not Label.SURE


def test_a_stranger_beyond_the_last_id_is_labelled_unknown() -> None:
    room = Room(most_speakers=2)
    room.enrol(0, person=0)
    room.enrol(1, person=1)
    (part,) = room.hear((5, 4.0))
    assert part.label is Label.UNKNOWN


def test_under_overload_an_utterance_is_one_part() -> None:
    room = Room()
    track, whole = room.talkers.say((0, 3.0), (1, 3.0))
    parts, _ = room.discovery.take(track, whole, 8, divides=False)
    assert len(parts) == 1


def test_a_long_session_groups_no_more_pieces_than_a_short_one() -> None:
    """Each utterance costs as much in the second hour; the speakers are still known."""
    room = Room()
    for number in range(2 * MOST_PIECES):
        room.hear((number % 3, 1.5))
    assert len(room.discovery._gallery._pieces) <= MOST_PIECES
    assert room.last_labels == [number % 3 for number in range(2 * MOST_PIECES)]


def test_a_discovered_voice_that_is_kept_is_enrolled_and_no_longer_discovered() -> None:
    room = Room()
    room.hear((5, 3.0))
    room.hear((2, 3.0))
    assert not room.discovery.keep(2), "nobody has this id"
    assert room.discovery.keep(1)
    assert room.voices.speaker_ids == (1,)
    room.discovery.begin()
    assert [speakers(room.hear((person, 3.0))) for person in (2, 5)] == [[1], [0]]
    assert speakers(split_by_voice(*room.talkers.say((2, 3.0)), room.voices)) == [1]


def test_a_voice_that_is_kept_keeps_its_id_where_two_ids_become_one() -> None:
    """Otherwise the speaker who has less speech loses the id; and two who are kept stay two."""
    for kept, expected in (((), {0}), ((1,), {1}), ((0, 1), {0, 1})):
        room = Room()
        colours = (6, 2.0), (7, 1.5)
        for colour, seconds in colours:
            own = room.talkers.windows(0, seconds)
            room.take(0.6 * own + 0.8 * room.talkers.windows(colour, seconds))
        assert room.last_labels == [0, 1]
        for speaker_id in kept:
            assert room.discovery.keep(speaker_id)
        for _ in range(3):
            room.hear((0, 3.0))
        assert set(room.last_labels[:2]) == expected


def test_a_voice_that_is_kept_after_a_mixed_beginning_still_gets_rid_of_the_other() -> None:
    """The client names a speaker whose speech was two people's; more speech tells them apart."""
    room = Room()
    between = np.concatenate([room.talkers.windows(person, 1.5) for person in (0, 1)])
    room.take(between, divides=False)
    assert room.discovery.keep(0)
    for person in (0, 1, 0, 1):
        room.hear((person, 3.0))
    assert len(set(room.last_labels)) == 2
    assert 0 in room.last_labels
    room.discovery.begin()
    assert room.voices.speaker_ids == (0,)


def test_an_enrolment_with_the_id_of_a_kept_voice_replaces_it() -> None:
    room = Room()
    room.hear((0, 3.0))
    room.discovery.keep(0)
    room.enrol(0, person=1)
    room.discovery.begin()
    assert speakers(room.hear((1, 3.0))) == [0]
    assert speakers(room.hear((0, 3.0))) == [1]


def test_to_keep_an_enrolled_voice_changes_nothing() -> None:
    room = Room()
    room.enrol(0, person=0)
    room.hear((0, 3.0))
    enrolled = room.voices.of(0)
    assert room.discovery.keep(0)
    room.hear((0, 3.0))
    assert room.voices.of(0) is enrolled


def unsealed(room: Room, *, anew: bool = False) -> dict[int, float | None]:
    """The seconds of speech in each voice that is to be sealed; None: there is none."""
    found = room.discovery.unsealed(anew=anew).items()
    return {k: None if voice is None else round(voice.speech_seconds, 1) for k, voice in found}


def test_a_discovered_voice_is_to_be_sealed_when_it_has_changed_and_speech_enough() -> None:
    room = Room()
    room.enrol(0, person=5)
    for turn in ((5, 3.0), (0, 3.0), (1, 1.5)):
        room.hear(turn)
    first = unsealed(room)
    assert first.keys() == {1}, "neither the enrolled voice nor the short one"
    assert unsealed(room) == {}
    room.hear((1, 1.5))
    second = unsealed(room)
    assert second.keys() == {2}
    assert unsealed(room, anew=True) == first | second


def test_a_voice_that_turns_out_to_be_another_is_not_to_be_sealed_any_more() -> None:
    room = Room()
    for colour in (6, 7):
        own = room.talkers.windows(0, 2.2)
        room.take(0.6 * own + 0.8 * room.talkers.windows(colour, 2.2))
    assert unsealed(room).keys() == {0, 1}
    for _ in range(3):
        room.hear((0, 3.0))
    now = unsealed(room)
    assert now[1] is None
    assert now[0] is not None
    assert unsealed(room) == {}


def test_to_seal_a_voice_keeps_nobody() -> None:
    """Otherwise two ids of one person could not become one any more."""
    room = Room()
    room.hear((0, 3.0))
    unsealed(room)
    assert room.voices.speaker_ids == ()


def test_a_restored_voice_keeps_its_id_which_no_other_voice_gets_and_is_sealed_again() -> None:
    room = Room()
    for person in (0, 1):
        room.hear((person, 3.0))
    voices = room.discovery.unsealed()
    again = Room()
    again.talkers = room.talkers
    for speaker_id, voice in voices.items():
        assert voice is not None
        again.voices.enrol(speaker_id, voice)
    heard = [speakers(again.hear((person, 3.0))) for person in (2, 1, 0)]
    assert heard == [[2], [1], [0]]
    sealed = unsealed(again)
    assert sealed.keys() == {0, 1, 2}
    assert sealed[1] > voices[1].speech_seconds, "it is known better now"  # type: ignore[operator, union-attr]


def test_the_voices_are_overwritten_when_the_session_ends() -> None:
    room = Room()
    room.hear((0, 3.0))
    kept = [piece.voice.unit for piece in room.discovery._gallery._pieces]
    room.discovery.forget()
    assert kept
    assert not any(unit.any() for unit in kept)


def test_the_next_voice_is_noticed_in_an_open_utterance() -> None:
    talkers = Talkers()
    track, whole = talkers.say((0, 2.0), (1, 1.5))
    change = next_voice(track, whole.start)
    assert change is not None
    assert (change - whole.start) / SAMPLE_RATE == pytest.approx(2, abs=0.3)


def test_one_voice_in_an_open_utterance_is_no_change() -> None:
    track, whole = Talkers().say((0, 3.0))
    assert next_voice(track, whole.start) is None
