"""The messages of a phase and their meaning, over a lossy network; no socket."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.client.audio_store import AudioStore
from hwaja.client.errors import Message
from hwaja.client.phase import (
    ENROLMENT,
    MOST_KEPT_SECONDS,
    MOST_UNCONFIRMED_SECONDS,
    TRANSCRIPTION,
    Kind,
    Meaning,
    Phase,
)
from hwaja.client.resumption import LONGEST_DELAY_SECONDS, RESUME_SECONDS, BackOff, Resumption
from hwaja.protocol.audio import AudioConfig, AudioEncoding

pieces = st.lists(st.integers(0, 5000), max_size=30)


def audio(sizes: list[int]) -> list[bytes]:
    """Return chunks of these sizes in samples. Every sample is different."""
    counted = iter(range(1, 10**9))
    return [b"".join(next(counted).to_bytes(2, "big") for _ in range(n)) for n in sizes]


class Server:
    """A fake server: keeps the received audio, and answers."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.pcm = b""
        self.state = "ready"

    def take(self, item: Message | bytes) -> Iterator[Message]:
        if isinstance(item, bytes):
            assert self.state == self.kind.listening
            self.pcm += item
            yield {"type": "audio_received", "received_samples": len(self.pcm) // 2}
        elif item["type"] == self.kind.start:
            assert self.state == "ready" or self.kind is ENROLMENT
            self.state, self.pcm = self.kind.listening, b""
            yield {"type": self.kind.started, "speaker_id": item.get("speaker_id")}
        else:
            assert item["type"] == self.kind.end
            assert self.state == self.kind.listening
            self.state = "over"
            yield {"type": self.kind.ended, "speaker_id": item.get("speaker_id")}


@given(
    st.sampled_from([ENROLMENT, TRANSCRIPTION]),
    pieces,
    st.lists(st.sampled_from(["both", "there", "neither"]), max_size=60),
)
def test_the_server_gets_every_sample_once_whatever_is_lost(
    kind: Kind, sizes: list[int], losses: list[str]
) -> None:
    """A lost connection loses messages in one or both directions. The next one repeats answers."""
    options: Message = {"speaker_id": 1} if kind is ENROLMENT else {}
    phase, server = Phase(kind, options, is_confirmed=True), Server(kind)
    for chunk in audio(sizes):
        phase.append(chunk)
    phase.finish()
    fate = iter(losses)
    pending: list[Message] = []  # the server repeats lost, numbered answers
    meaning = Meaning.PASSING
    for _ in range(1000):
        item = phase.next()
        carried = next(fate, "fine")
        if item is None:
            break
        if carried in ("fine", "there"):
            pending += server.take(item)
        if carried != "fine":
            received = 0 if server.state == "ready" else len(server.pcm) // 2
            phase.resume(server.state, received)
        for message in pending:
            found = phase.take(message)
            meaning = meaning if found is Meaning.PASSING else found
        pending = []
    assert meaning is Meaning.ENDED
    assert server.pcm == b"".join(audio(sizes))


@given(pieces, st.data())
def test_a_store_keeps_unconfirmed_audio_and_continues_from_there(
    sizes: list[int], data: st.DataObject
) -> None:
    store, whole, sent = AudioStore(), b"", b""
    for chunk in audio(sizes):
        store.append(chunk)
        whole += chunk
        if data.draw(st.booleans()):
            sent += store.next() or b""
        if data.draw(st.booleans()):
            store.confirm(data.draw(st.integers(0, store.end + 10)))
        if data.draw(st.integers(0, 4)) == 0:
            position = data.draw(st.integers(store.start, store.sent))
            store.rewind(position)
            sent = sent[: 2 * position]
        assert 0 <= store.start <= store.sent <= store.end == len(whole) // 2
        assert len(sent) // 2 == store.sent
    while chunk := store.next():
        sent += chunk
    assert sent == whole


configs = st.builds(
    AudioConfig,
    encoding=st.sampled_from([AudioEncoding.F32, AudioEncoding.MULAW]),
    sample_rate=st.sampled_from([8000, 44100]),
    channels=st.sampled_from([1, 2]),
)


@given(configs, st.lists(st.integers(1, 50), max_size=8), st.data())
def test_a_store_counts_the_samples_of_its_encoding(
    config: AudioConfig, sizes: list[int], data: st.DataObject
) -> None:
    store, frame_bytes, whole = AudioStore(config), config.frame_bytes or 1, b""
    for size in sizes:
        chunk = bytes(size % 251 for size in range(size * frame_bytes))
        store.append(chunk)
        whole += chunk
    assert store.end == sum(sizes)
    while store.next():
        pass
    position = data.draw(st.integers(0, store.end))
    store.rewind(position)
    sent = b""
    while chunk := store.next():
        sent += chunk
    assert sent == whole[position * frame_bytes :]


def test_opus_packets_are_kept_and_sent_whole() -> None:
    """Only the server's count of samples within a packet may fall into one."""
    one = [bytes([0x78, number]) for number in range(5)]  # 20 ms each, by the first byte
    store = AudioStore(AudioConfig(encoding=AudioEncoding.OPUS))
    for packet in one:
        store.append(packet)
    while store.next():
        pass
    store.confirm(960 + 100)
    assert (store.start, store.sent, store.end) == (960, 4800, 4800)
    store.rewind(2 * 960)
    assert store.next() == one[2]
    while store.next():
        pass
    assert store.rebase(3 * 960 + 500) == -500  # it begins with the packet, so a bit earlier
    assert (store.start, store.sent, store.end) == (0, 0, 2 * 960)
    assert store.next() == one[3]


def test_a_start_message_says_how_audio_is_encoded_unless_it_is_as_specified() -> None:
    config = AudioConfig(encoding=AudioEncoding.MULAW, sample_rate=8000)
    phase = Phase(TRANSCRIPTION, {}, is_confirmed=True, config=config)
    start = {"type": "start_transcription", "audio": {"encoding": "mulaw", "sample_rate": 8000}}
    assert phase.next() == start
    plain = AudioConfig(sample_rate=16_000)
    phase = Phase(TRANSCRIPTION, {}, is_confirmed=True, config=plain)
    assert phase.next() == {"type": "start_transcription"}


def started(kind: Kind, *, is_confirmed: bool = True) -> Phase:
    phase = Phase(kind, {}, is_confirmed=is_confirmed)
    phase.next()
    assert phase.take({"type": kind.started}) is Meaning.STARTED
    return phase


def sent_samples(phase: Phase) -> int:
    total = 0
    while isinstance(item := phase.next(), bytes):
        total += len(item) // 2
    return total


def test_only_a_few_seconds_of_audio_are_unconfirmed_at_a_time() -> None:
    phase = started(TRANSCRIPTION)
    for _ in range(40):
        phase.append(bytes(8192))
    first, most = sent_samples(phase), MOST_UNCONFIRMED_SECONDS * 16_000
    assert most <= first < most + 4096
    phase.take({"type": "audio_received", "received_samples": 16_000})
    assert 16_000 - 4096 <= sent_samples(phase) <= 16_000 + 4096


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_a_client_that_is_too_far_ahead_waits_until_the_server_says_to_continue(
    is_confirmed: bool,
) -> None:
    phase = started(TRANSCRIPTION, is_confirmed=is_confirmed)
    phase.append(bytes(8192))
    phase.take({"type": "too_far_ahead", "waiting_seconds": 31.5, "hold": True})
    assert phase.next() is None
    phase.take({"type": "too_far_ahead", "waiting_seconds": 0.0, "hold": False})
    assert phase.next() == bytes(8192)


def test_a_request_to_wait_does_not_outlast_its_connection() -> None:
    phase = started(TRANSCRIPTION)
    phase.append(bytes(8192))
    phase.take({"type": "too_far_ahead", "waiting_seconds": 31.5, "hold": True})
    phase.resume("transcribing", 0)
    assert phase.next() == bytes(8192)


def test_one_minute_of_audio_is_kept_and_then_the_store_is_full() -> None:
    phase = started(TRANSCRIPTION)
    kept_samples = 0
    while phase.has_room:
        phase.append(bytes(8192))
        kept_samples += 4096
    most = MOST_KEPT_SECONDS * 16_000
    assert most <= kept_samples < most + 4096
    sent_samples(phase)
    phase.take({"type": "audio_received", "received_samples": 16_000})
    assert phase.has_room


def test_no_audio_is_sent_before_the_start_is_answered() -> None:
    phase = Phase(TRANSCRIPTION, {"details": True}, is_confirmed=True)
    phase.append(bytes(100))
    phase.finish()
    assert phase.next() == {"type": "start_transcription", "details": True}
    assert phase.next() is None
    phase.take({"type": "transcription_started"})
    assert phase.next() == bytes(100)
    assert phase.next() == {"type": "stop_transcription"}


def test_another_transcription_pauses_where_the_last_one_did_and_nobody_is_told_again() -> None:
    """The client pauses behind 100 samples, of which 60 are answered, and goes on elsewhere."""
    phase = Phase(TRANSCRIPTION, {}, is_confirmed=True, roams=True)
    phase.next()
    phase.take({"type": "transcription_started"})
    phase.append(bytes(200))
    phase.command({"type": "pause_transcription"})
    assert phase.next() == bytes(200)
    pause = phase.next()
    assert isinstance(pause, dict)
    paused = {"type": "transcription_paused", "received_samples": 100}
    assert phase.take({**paused, "request_id": pause["request_id"]}) is Meaning.PASSING
    phase.take({"type": "audio_received", "received_samples": 100, "answered_samples": 60})
    phase.begin_anew()
    phase.next()
    phase.take({"type": "transcription_started"})
    assert phase.next() == bytes(80)
    again = phase.next()
    assert isinstance(again, dict)
    assert again["type"] == "pause_transcription"
    answer = {**paused, "received_samples": 40, "request_id": again["request_id"]}
    assert phase.take(answer) is Meaning.REPEATED
    phase.append(bytes(100))
    phase.take({"type": "audio_received", "received_samples": 40, "answered_samples": 40})
    phase.begin_anew()  # in the pause
    phase.next()
    phase.take({"type": "transcription_started"})
    first = phase.next()
    assert isinstance(first, dict)
    assert first["type"] == "pause_transcription"
    assert phase.next() == bytes(100)


@pytest.mark.parametrize(
    ("kind", "code", "reason", "meaning"),
    [
        (ENROLMENT, "SPEAKER_REGISTRATION_FAILED", "two_voices", Meaning.FAILED),
        (TRANSCRIPTION, "TRANSCRIPTION_FAILED", "engine_failed", Meaning.PASSING),
        (TRANSCRIPTION, "TRANSCRIPTION_FAILED", None, Meaning.PASSING),
        (TRANSCRIPTION, "TRANSCRIPTION_FAILED", "audio_limit", Meaning.LIMITED),
        (TRANSCRIPTION, "TRANSCRIPTION_FAILED", "wrong_state", Meaning.FAILED),
        (TRANSCRIPTION, "SPEAKER_REGISTRATION_FAILED", "two_voices", Meaning.PASSING),
    ],
)
def test_each_error_code_and_reason_has_its_meaning(
    kind: Kind, code: str, reason: str | None, meaning: Meaning
) -> None:
    assert started(kind).take({"type": "error", "code": code, "reason": reason}) is meaning


@given(st.lists(st.floats(0, 0.999), min_size=8, max_size=40))
def test_retries_become_less_frequent_and_end_when_the_session_has_expired(
    chances: list[float],
) -> None:
    chance = iter(chances)
    back_off = BackOff(lambda: next(chance, 0.5))
    delays = [back_off.next_delay_seconds(0) for _ in range(8)]
    assert all(delay is not None and 0 < delay <= LONGEST_DELAY_SECONDS for delay in delays)
    assert back_off.next_delay_seconds(RESUME_SECONDS) is None
    assert (delays[-1] or 0) >= LONGEST_DELAY_SECONDS / 2 > (delays[0] or 0)


def test_repeated_messages_are_dropped_and_a_new_session_numbers_from_the_beginning() -> None:
    resumption = Resumption()
    assert not resumption.welcome({"session_token": "A", "resumed": False})
    assert resumption.offered == ("hwaja", "hwaja.hello", "hwaja.resume.A")
    numbers = [1, 2, None, 2, 3]
    assert [resumption.is_news({"number": n} if n else {}) for n in numbers] == [
        True,
        True,
        True,
        False,
        True,
    ]
    assert resumption.welcome({"session_token": "B", "resumed": True})
    assert not resumption.is_news({"number": 3})
    resumption.welcome({"session_token": "C", "resumed": False})
    assert resumption.is_news({"number": 1})
