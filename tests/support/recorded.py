"""What the server writes and how it reads, case by case, as tests/protocol/recorded keeps it.

A file holds one case a line. `python tests/support/recorded.py` writes both files again: only a
change of the protocol is a reason to do so.
"""

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from hwaja.protocol.audio import AudioEncoding
from hwaja.protocol.client_messages import InvalidMessageError
from hwaja.protocol.codes import AudioFormat, DropReason, ErrorCode, Reason
from hwaja.protocol.parse import MAX_TEXT_CHARS, parse
from hwaja.protocol.serialize import serialize
from hwaja.protocol.server_messages import (
    AudioReceived,
    Error,
    Finalized,
    Interim,
    Lag,
    LimitWarning,
    ModelLoaded,
    RegistrationCompleted,
    RegistrationStarted,
    ServerMessage,
    SessionShared,
    SpeakerNamed,
    SpeakerUpdate,
    SpeechEnded,
    SpeechStarted,
    TooFarAhead,
    Transcription,
    TranscriptionPaused,
    TranscriptionResumed,
    TranscriptionStarted,
    TranscriptionStopped,
    TranscriptionUpdated,
    UtteranceDropped,
    VoiceSealed,
)
from hwaja.protocol.texts import AHEAD
from hwaja.protocol.values import (
    MAX_TICKET_CHARS,
    Details,
    Event,
    Hello,
    Label,
    NamedSpeaker,
    Place,
    Quality,
    ServerAbilities,
    ServerLimits,
    SpeakerShare,
    SpeakerSpeech,
    Summary,
    Token,
)
from hwaja.speakers.verdict import with_warnings

FOLDER = Path(__file__).resolve().parents[1] / "protocol" / "recorded"
WRITTEN = FOLDER / "written.jsonl"
READ = FOLDER / "read.jsonl"

HELLO = Hello(
    "1.1",
    "0.1.0",
    ServerAbilities(("en", "ko"), True, True, True, tuple(Event), ("finalize",), ("pcm16",)),
    ServerLimits(2, 1800.0, 600.0, 30.0, 600.0, 60.0, 1 << 20),
)
TEXTS = (
    "네",
    "안녕하세요 반갑습니다",
    'say "a\\b"/',
    "\x00\x1f\x7f\n\t",
    "\u2028\u2029",
    "😀é",
    "",
)
FIGURES = (
    0.0,
    -0.0,
    1e-9,
    -0.00004,
    0.00005,
    0.12345,
    0.5,
    0.99999,
    1.0,
    2.675,
    81.0625,
    1234567.891,
)


def qualities() -> Iterator[Quality]:
    return map(with_warnings, figures())


def figures() -> Iterator[Quality]:
    good = Quality(4.0, 1, -30.0, 30.0, 0.0, 0.9, other_similarity=0.3)
    yield good
    yield replace(good, other_similarity=None)
    for speech, level, snr, clipped in product(
        (2.004, 2.996), (-55.06, -30.04), (3, 25.06), (0, 0.02)
    ):
        yield replace(
            good, speech_seconds=speech, level_dbfs=level, snr_db=snr, clipped_share=clipped
        )
    for alike, other, takes in product((0.6, 0.72, 0.9), (0.3, 0.7, 0.95), (None, 0.2, 0.71239)):
        yield replace(
            good, takes=2, agreement=alike, other_similarity=other, takes_similarity=takes
        )


def details() -> Iterator[Details]:
    for figure, label in zip(FIGURES, [*Label, *Label, *Label], strict=False):
        yield Details(
            start_seconds=figure,
            end_seconds=figure + 1.00049,
            label=label,
            probability=figure,
            scores=(figure, -figure),
            margin=figure,
            overlap_seconds=figure,
            speakers=(SpeakerSpeech(0, figure), SpeakerSpeech(1, figure + 0.0049)),
            tokens=(Token("안", figure), Token(" 녕", figure + 0.02)),
            language="ko",
        )
    plain = Details(start_seconds=1, end_seconds=2, label=Label.SHORT, probability=1, scores=())
    yield plain
    yield replace(plain, language="en")
    yield replace(plain, speaker_name="김")
    yield replace(plain, tokens=(Token("", 0),))
    yield replace(plain, margin=0.0, overlap_seconds=0.25)


def messages() -> Iterator[ServerMessage]:
    """A message of each form, with figures at the edges of rounding."""
    yield from opening()
    yield from conversation()
    yield from errors()


def opening() -> Iterator[ServerMessage]:
    yield ModelLoaded()
    yield ModelLoaded("token")
    yield ModelLoaded(hello=HELLO)
    yield ModelLoaded("token", hello=HELLO)
    for state, enrolled in product(("ready", "transcribing"), ((), (0, 1))):
        yield ModelLoaded("token", Place(state, enrolled, 4096))
    yield ModelLoaded("token", Place("ready", (0,), 0, (NamedSpeaker(0, "김"),)))
    for speaker_id in range(3):
        yield RegistrationStarted(speaker_id)
        yield RegistrationCompleted(speaker_id)
        yield RegistrationCompleted(speaker_id, None, "AWmT0sKq", "2025-09-20T05:30:02.000Z")
    for quality in qualities():
        yield RegistrationCompleted(1, quality)


def conversation() -> Iterator[ServerMessage]:
    yield TranscriptionStarted()
    said = Transcription(0, "네", "2025-08-21T05:30:15.123Z", -25.5)
    for text, confidence, segment_id in product(TEXTS, (-120.0, -25.5, -0.0), (None, 0, 7)):
        yield replace(said, text=text, confidence=confidence, segment_id=segment_id)
    for known in details():
        yield replace(said, segment_id=3, details=known)
        yield replace(said, details=known)
    for text in TEXTS:
        yield Interim(3, text, 2)
    yield SpeakerUpdate(7, 1)
    for text in TEXTS:
        yield SpeakerNamed(7, text)
    yield VoiceSealed(7)
    yield VoiceSealed(7, "aZ09-_", "2025-09-20T05:30:02.000Z")
    yield SessionShared()
    yield SessionShared("aZ09-_" * 5 + "aZ", "09-_aZ" * 5 + "09")
    yield TranscriptionStopped(Summary(7, 1, 2, (SpeakerShare(0, 5, 1, "김"),)))
    for figure in FIGURES:
        shares = (SpeakerShare(0, 5, figure), SpeakerShare(1, 2, figure + 0.0005))
        yield TranscriptionStopped(Summary(7, 1, figure, shares))
        yield TooFarAhead(figure, figure < 1)
    yield TranscriptionStopped(Summary(0, 0, 0, ()))
    yield Finalized(0)
    yield Finalized(9_612_288)
    yield TranscriptionUpdated()
    yield TranscriptionPaused(0)
    yield TranscriptionResumed(9_612_288)
    for figure in FIGURES:
        yield SpeechStarted(3, figure)
        yield SpeechEnded(3, figure)
        yield Lag(figure)
    for reason in DropReason:
        yield UtteranceDropped(7, reason)
    yield AudioReceived(0)
    yield AudioReceived(9_612_288)
    yield AudioReceived(9_612_288, answered_samples=9_600_000)
    yield replace(said, answered_samples=62_592)
    for reason, seconds_left in product(AHEAD, (1, 60)):
        yield LimitWarning(reason, seconds_left)


def errors() -> Iterator[ServerMessage]:
    for code, reason in product(ErrorCode, Reason):
        yield Error(code, reason)
    for code, looks_like in product(ErrorCode, AudioFormat):
        yield Error(code, Reason.WRONG_FORMAT, 0, looks_like=looks_like)
    for quality in list(qualities())[-9:]:
        yield Error(ErrorCode.SPEAKER_REGISTRATION_FAILED, Reason.SAME_VOICE, 1, quality=quality)
    for speaker_id in (-1, 0, 9, 2**53):
        yield Error(ErrorCode.SPEAKER_REGISTRATION_FAILED, Reason.UNKNOWN_SPEAKER, speaker_id)
    for reason in (Reason.AUDIO_LIMIT, Reason.SERVER_STOPPED):
        yield Error(ErrorCode.TRANSCRIPTION_FAILED, reason, received_samples=4096)


def written() -> Iterator[str]:
    """What is written of each message without options, and with all of them."""
    for message in messages():
        plain = serialize(message)
        yield plain
        full = serialize(message, details=True, max_speakers=3, number=19)
        if full.replace(', "number": 19', "") != plain:
            yield full


KINDS = (
    "start_speaker_registration",
    "complete_speaker_registration",
    "restore_speaker",
    "start_transcription",
    "stop_transcription",
    "name_speaker",
    "share_session",
    "finalize",
    "update_transcription",
    "pause_transcription",
    "resume_transcription",
    "keep_alive",
)
SWITCHES = ("interim_results", "speaker_updates", "adapt", "answered_samples", "tickets")
VALUES = (
    "null true false 0 1 -1 7 8 0.5 1.0 1e0 1e400 -1e400 NaN Infinity -Infinity"
    " 9007199254740992 -9007199254740992 9007199254740993 18446744073709551616"
    f' {10**400} {"9" * 4400} [] {{}} [true] "" "true" "0" "ko" "k\\u0000" "\\ud800"'
).split()
HOTWORDS = (
    *('"가"', '" 가   나 "', f'"{"가" * 50}"', f'"{"가" * 51}"', f'" {"가" * 50} "', '""', '" "'),
    *('"나\\u0000"', '"\\ud800"', '"가\\u3000나"', "null", "7", "[]", "{}", '{"text": "가"}'),
    *('{"text": 7}', '{"text": null}', '{"boost": 1}', '{"text": "\\ud800"}'),
    *('{"text": "가", "newer": 1}', '{"text": "가", "\\ud800": 1}', '{"text": 7, "text": "가"}'),
    *(
        f'{{"text": " 가  나", "boost": {boost}}}'
        for boost in (*VALUES, "3", "10", "10.5", "1e-300", '"2"')
    ),
)


RESTS = (
    "",
    ', "speaker_id": "0", "speaker_id": 1, "details": 1, "details": true',
    ', "speaker_id": 1, "speaker_id": "0", "details": true, "details": 1',
    ', "speaker_id": 0, "\\ud800": 1, "options": {"language": "en"}',
    ', "speaker_id": 9, "details": true, "language": 7',
    ', "speaker_id": 9, "details": 1, "language": 7',
)
"""Keys that may follow the type of a message."""


def restorations() -> Iterator[str]:
    """A voice ticket of any kind and length."""
    for field, value in product(("quality", "ticket"), VALUES):
        yield f'{{"type": "{KINDS[2]}", "speaker_id": 1, "details": true, "{field}": {value}}}'
    for chars in (0, 1, MAX_TICKET_CHARS, MAX_TICKET_CHARS + 1):
        yield json.dumps({"type": KINDS[2], "speaker_id": 1, "ticket": "A" * chars})


def encodings() -> Iterator[str]:
    """Audio that is encoded in any way."""
    start = f'{{"type": "{KINDS[0]}", "speaker_id": 1, "audio": '
    for value in (*VALUES, '{"newer": 1}', '{"encoding": "mulaw", "encoding": "flac"}'):
        yield f"{start}{value}}}"
        for name in ("encoding", "sample_rate", "channels"):
            yield f'{start}{{"{name}": {value}}}}}'
    for encoding, rate in product((*AudioEncoding, "PCM16"), (7999, 8000, 48000, 48001)):
        audio = f'{{"encoding": "{encoding}", "sample_rate": {rate}, "channels": 2}}'
        yield f'{{"type": "{KINDS[3]}", "speakers": "channels", "audio": {audio}}}'
    for channels in (1, 2, 3):
        yield f'{{"type": "{KINDS[3]}", "audio": {{"encoding": "opus", "channels": {channels}}}}}'


def sent() -> Iterator[str]:
    """What clients may send, good and bad."""
    yield from encodings()
    yield from (
        "",
        " ",
        "null",
        "12",
        "NaN",
        "[]",
        "{}",
        '"text"',
        "{",
        '{"type"}',
        "\ufeff{}",
        "{'a': 1}",
    )
    yield from (
        "{} {}",
        "{}x",
        '{"type": "stop_transcription"} 1',
        '{"type": "stop_transcription"}\x0b',
    )
    yield from ("[" * 8000 + "]" * 8000, '{"a": ' + "[" * 8000 + "]" * 8000 + "}", "9" * 5000)
    yield from (" " * MAX_TEXT_CHARS, " " * (MAX_TEXT_CHARS + 1))
    for value in (*VALUES, '"transcription"', '"START_TRANSCRIPTION"', '"start_transcription "'):
        yield f'{{"type": {value}}}'
    for kind in KINDS:
        for rest in RESTS:
            yield f'{{"type": "{kind}"{rest}}}'
        yield f' {{"speaker_id":1,\n"type":"{kind}"}}\t'
        yield f'{{"type": 7, "speaker_id": 0, "type": "{kind}"}}'
        for field, value in product(("speaker_id", "details", "newer", "request_id"), VALUES):
            yield f'{{"type": "{kind}", "speaker_id": 1, "{field}": {value}}}'
    yield from sent_fields()


def sent_fields() -> Iterator[str]:
    """Messages with each field, good and bad."""
    for field, value in product(("quality", "add", "ticket"), VALUES):
        yield f'{{"type": "{KINDS[0]}", "speaker_id": 1, "details": true, "{field}": {value}}}'
    yield from restorations()
    events = ('["lag"]', '["lag", "lag"]', '["newer"]', '"lag"', "[7]")
    for field in (
        *(*SWITCHES, "language", "hotwords", "options"),
        "events",
    ):
        for value in (*VALUES, *(events if field == "events" else ())):
            yield f'{{"type": "{KINDS[3]}", "details": true, "{field}": {value}}}'
            yield f'{{"type": "update_transcription", "{field}": {value}}}'
    for hotword in HOTWORDS:
        yield f'{{"type": "{KINDS[3]}", "hotwords": ["화자", {hotword}]}}'
    for value in (*VALUES, f'"{"가" * 50}"', f'"{"가" * 51}"', '" 가  나 "', '"가\\u3000나"'):
        yield f'{{"type": "{KINDS[5]}", "speaker_id": 7, "name": {value}}}'
    for count in (99, 100, 101):
        yield json.dumps({"type": KINDS[3], "hotwords": ["가"] * count})


def outcome(text: str, max_speakers: int) -> list[Any]:
    """The message that is read, or what the refusal says."""
    try:
        return [repr(parse(text, max_speakers))]
    except InvalidMessageError as error:
        return [error.code, error.reason, error.speaker_id, error.wants_details]


def read() -> Iterator[str]:
    """What is read of each text, among two speakers and among eight where that differs."""
    for text in sent():
        outcomes = [outcome(text, 2), outcome(text, 8)]
        yield json.dumps([_shortened(text), *outcomes[: 1 + (outcomes[0] != outcomes[1])]])


def _shortened(text: str) -> str:
    return text if len(text) < 200 else f"{text[:100]}…{len(text)}"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, lines in ((WRITTEN, written()), (READ, read())):
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
