"""`hwaja transcribe` against the real server: what it prints, and what it refuses."""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path

import clips
import numpy as np
import pytest
import soundfile
from command_line import Capture, enrolling, error_of
from fakes import WatchedDetection
from loopback import PATIENCE_SECONDS, Endpoint, serving
from tone_speech import hummed

from hwaja.cli.main import main
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.server.access.access_policy import AccessPolicy
from hwaja.server.access.bearer import Tokens
from hwaja.server.config import Config
from hwaja.server.network.certificate import development_certificate
from hwaja.server.services import Services
from hwaja.vad.gate import FRAME_SAMPLES

pytestmark = [pytest.mark.models, pytest.mark.usefixtures("clean_settings")]

in_one_loop = pytest.mark.asyncio(loop_scope="session")


async def transcribe(*arguments: str) -> int:
    """Run the command beside the server's loop; returns the exit code."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await asyncio.to_thread(main, ["transcribe", "--speed", "0", *arguments])


@in_one_loop
async def test_the_speaker_and_the_text_of_each_utterance_are_printed(
    endpoint: Endpoint, certificate: tuple[Path, Path], files: dict[str, str], capsys: Capture
) -> None:
    arguments = ["--url", endpoint.url, "--cafile", str(certificate[0]), *enrolling(files)]
    assert await transcribe(files["talk"], *arguments) == 0
    captured = capsys.readouterr()
    # The voices of the clips are short, which is shown with "!".
    lines = [line for line in captured.out.splitlines() if not re.search(r"^!|\[info", line)]
    assert lines[:3] == [
        "Speaker 1 is enrolled.",
        "Speaker 2 is enrolled.",
        "The transcription begins.",
    ]
    said = [
        re.fullmatch(r"Speaker (\d)\?? +(\d+\.\d) s +(-\d+\.\d) dBFS  (.+)", x) for x in lines[3:]
    ]
    assert [match and match[1] for match in said] == ["1", "1", "1", "2"]
    times = [float(match[2]) for match in said if match]
    assert times == sorted(times)
    assert 0.5 < times[0] < 1.5
    assert "winter of despair" in said[3][4].lower()


@in_one_loop
async def test_speakers_are_discovered_without_any_file_of_their_voices(
    endpoint: Endpoint, certificate: tuple[Path, Path], files: dict[str, str], capsys: Capture
) -> None:
    arguments = ["--url", endpoint.url, "--cafile", str(certificate[0]), "--discover"]
    arguments += ["--name", "김지영", "--name", "이영희"]
    assert await transcribe(files["talk"], "--json", "--max-speakers", "2", *arguments) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    speakers: dict[int, int] = {}
    for message in map(json.loads, lines):
        if message["type"] in {"transcription", "speaker_update"}:
            speakers[message["segment_id"]] = message["speaker_id"]
    assert list(speakers.values()) == [0, 0, 0, 1]
    named = [message for message in map(json.loads, lines) if message["type"] == "speaker_named"]
    assert named[0]["name"] == "김지영"  # who first speaks at the very end may get no name in time


@in_one_loop
async def test_the_channels_of_a_stereo_file_are_two_speakers_without_any_voice(
    endpoint: Endpoint, certificate: tuple[Path, Path], tmp_path: Path, capsys: Capture
) -> None:
    sides = [clips.part("beckett", 4.4, 9.9), clips.part("two_cities", 17, 22.5)]
    both = np.stack([np.frombuffer(clips.silence(0.5) + side, "<i2") for side in sides], axis=1)
    soundfile.write(tmp_path / "call.wav", both, SAMPLE_RATE)
    arguments = ["--url", endpoint.url, "--cafile", str(certificate[0]), "--channels"]
    arguments += ["--name", "agent", "--name", "caller"]
    assert await transcribe(str(tmp_path / "call.wav"), *arguments) == 0
    lines = capsys.readouterr().out.lower().splitlines()
    assert any(line.startswith("agent ") and "again" in line for line in lines)
    assert any(line.startswith("caller ") and "hope" in line for line in lines)


@in_one_loop
async def test_json_prints_the_messages_of_the_server(
    endpoint: Endpoint, certificate: tuple[Path, Path], files: dict[str, str], capsys: Capture
) -> None:
    arguments = ["--url", endpoint.url, "--cafile", str(certificate[0]), *enrolling(files)]
    assert await transcribe(files["talk"], "--json", *arguments) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    messages = [json.loads(line) for line in lines]
    assert not any("ticket" in message for message in messages)
    assert [message["type"] for message in messages] == [
        "speaker_registration_completed",
        "speaker_registration_completed",
        "transcription_started",
        *["transcription"] * 4,
    ]
    assert "화자 1번" in lines[0]  # readable as it is
    assert {"text", "speaker_id", "segment_id", "scores", "end_seconds"} <= messages[-1].keys()


@in_one_loop
async def test_interim_texts_can_be_printed_as_json(
    live_endpoint: Endpoint, files: dict[str, str], tmp_path: Path, capsys: Capture
) -> None:
    said = hummed([0, 1, 2, 3, 4])
    soundfile.write(tmp_path / "hummed.wav", np.frombuffer(said.pcm, "<i2"), SAMPLE_RATE)
    arguments = ["--url", live_endpoint.url, "--insecure", *enrolling(files)]
    arguments += ["--interim", "--language", "ko", "--json"]
    assert await transcribe(str(tmp_path / "hummed.wav"), *arguments) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    messages = [json.loads(line) for line in lines][3:]
    assert {message["type"] for message in messages[:-1]} == {"interim"}
    assert (messages[-1]["type"], messages[-1]["text"]) == ("transcription", said.text)


@in_one_loop
async def test_an_option_that_the_model_lacks_ends_the_command_with_the_servers_message(
    endpoint: Endpoint, files: dict[str, str], capsys: Capture
) -> None:
    arguments = [files["talk"], "--url", endpoint.url, "--insecure", *enrolling(files)]
    assert await transcribe(*arguments, "--language", "ko") == 1
    assert "does not have this language" in capsys.readouterr().err
    assert await transcribe(*arguments, "--hotword", "상담", "--lang", "ko") == 1
    assert "핫워드" in capsys.readouterr().err


@in_one_loop
async def test_an_untrusted_certificate_is_an_error_that_explains_the_remedies(
    endpoint: Endpoint,
    files: dict[str, str],
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments = [files["talk"], "--url", endpoint.url, *enrolling(files)]
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert await transcribe(*arguments) == 1
    sentences = (
        "is not trusted (self-signed certificate). Trust it with --cafile, or pass --insecure."
    )
    assert error_of(capsys).endswith(sentences)
    assert await transcribe(*arguments, "--cafile", str(tmp_path / "absent.pem")) == 1
    assert error_of(capsys).endswith("absent.pem cannot be read: No such file or directory.")
    assert await transcribe(*arguments, "--insecure") == 0


def speakers_in(out: str) -> list[str]:
    return [line[:9] for line in out.splitlines() if re.match(r"Speaker \d\??\s+\d", line)]


@in_one_loop
async def test_voices_are_kept_in_files_and_restored_from_them(
    endpoint: Endpoint, files: dict[str, str], tmp_path: Path, capsys: Capture
) -> None:
    address = ["--url", endpoint.url, "--insecure", "--speed", "0"]
    kept = [tmp_path / "first.voice", tmp_path / "second.voice"]
    saving = [
        *("--enroll", files["first"], "--save-voice", str(kept[0])),
        *("--enroll", files["second"], "--save-voice", str(kept[1])),
    ]
    assert await transcribe(files["talk"], *address, *saving) == 0
    spoken = capsys.readouterr()
    assert [line for line in spoken.err.splitlines() if f"{kept[0]} is good until 20" in line]
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in kept)
    restoring = ["--voice", str(kept[0]), "--voice", str(kept[1])]
    assert await transcribe(files["talk"], *address, *restoring) == 0
    assert speakers_in(capsys.readouterr().out) == speakers_in(spoken.out)
    mixed = ["--voice", str(kept[1]), "--enroll", files["first"]]
    assert await transcribe(files["talk"], *address, *mixed) == 0
    swapped = str.maketrans({"1": "2", "2": "1"})
    assert speakers_in(capsys.readouterr().out) == [
        speaker.translate(swapped) for speaker in speakers_in(spoken.out)
    ]


@in_one_loop
async def test_a_kept_voice_that_is_no_good_is_refused_with_a_sentence(
    endpoint: Endpoint, files: dict[str, str], tmp_path: Path, capsys: Capture
) -> None:
    kept = tmp_path / "spoilt.voice"
    kept.write_text("no voice")
    voices = ["--voice", str(kept), "--enroll", files["second"]]
    assert await transcribe(files["talk"], "--url", endpoint.url, "--insecure", *voices) == 1
    assert "The kept voice is damaged." in capsys.readouterr().err


def test_a_voice_is_kept_only_after_its_enrolment(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["transcribe", "--save-voice", "kept.voice", "--enroll", "first.wav"])
    assert "--save-voice must follow the --enroll" in capsys.readouterr().err


@in_one_loop
async def test_the_development_certificate_of_this_machine_is_trusted_silently(
    services: Services, files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    async with serving(services, development_certificate(Config().data_dir)) as endpoint:
        assert await transcribe(files["talk"], "--url", endpoint.url, *enrolling(files)) == 0


@in_one_loop
async def test_the_token_file_of_the_server_also_works_for_the_client(
    services: Services,
    certificate: tuple[Path, Path],
    files: dict[str, str],
    tmp_path: Path,
    capsys: Capture,
) -> None:
    file = tmp_path / "tokens"
    file.write_text("# of the front desk\nfirst-0123456789\nsecond-0123456789\n")
    async with serving(services, certificate, policy=AccessPolicy(Tokens(file))) as endpoint:
        arguments = [files["talk"], "--url", endpoint.url, "--insecure", *enrolling(files)]
        assert await transcribe(*arguments) == 1
        assert error_of(capsys).endswith(
            "wants a token. Set the file with your token with --token-file."
        )
        assert await transcribe(*arguments, "--token-file", str(file)) == 0


@in_one_loop
async def test_a_voice_without_speech_ends_the_command_with_the_servers_message(
    endpoint: Endpoint, files: dict[str, str], capsys: Capture
) -> None:
    arguments = ["--url", endpoint.url, "--insecure", "--enroll", files["silence"]]
    assert await transcribe(files["talk"], *arguments, "--enroll", files["second"]) == 1
    assert f"{files['silence']}: The server answered: There is" in capsys.readouterr().err


@in_one_loop
async def test_a_server_that_stops_during_the_transcription_is_reported(
    services: Services,
    certificate: tuple[Path, Path],
    files: dict[str, str],
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The texts received so far are still printed. Another server could take over, for a while."""
    monkeypatch.setattr("hwaja.client.resumption.RESUME_SECONDS", 1.0)
    detection = WatchedDetection(services.detection._detector)
    watched = replace(services, detection=detection)
    async with serving(watched, certificate) as endpoint:
        # At ten times its speed the talk lasts 1.3 s: the server stops in the midst of it.
        arguments = ["--url", endpoint.url, "--insecure", *enrolling(files), "--speed", "10"]
        command = asyncio.create_task(transcribe(files["talk"], *arguments))
        enrolment_frames = sum(len(voice) // 2 // FRAME_SAMPLES for voice in clips.voices())
        await detection.heard(enrolment_frames + 100)
        await endpoint.server.stop()
        assert await command == 1
    captured = capsys.readouterr()
    assert "Try again." in captured.out
    assert "despair" not in captured.out
    assert re.search(r"^hwaja: The connection was lost.*\.$", captured.err, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{talk}", "--enroll", "{first}"], "Give --enroll twice"),
        (["{talk}", "--voice", "/nowhere", "--voice", "/nowhere"], "/nowhere cannot be read"),
        (["--enroll", "{first}", "--enroll", "{second}"], "a file to transcribe or --mic"),
        (
            ["{talk}", "--mic", "--enroll", "{first}", "--enroll", "{second}"],
            "a file to transcribe or --mic",
        ),
        (["{talk}", "--channels"], "does not have 2 channels"),
        (["{talk}", "--channels", "--discover"], "--channels is for a file"),
        (["--mic", "--channels"], "--channels is for a file"),
        (
            ["{talk}", "--enroll", "{first}", "--enroll", "{second}", "--speed", "-1"],
            "--speed must not be negative",
        ),
        (
            ["{talk}", "--enroll", "{first}", "--enroll", "{second}", "--speed", "nan"],
            "--speed must not be negative",
        ),
        (["{talk}", "--enroll", "{first}", "--enroll", "/nowhere.wav"], "/nowhere.wav does not"),
        (["/nowhere.wav", "--enroll", "{first}", "--enroll", "{second}"], "/nowhere.wav does not"),
        (
            ["{talk}", "--enroll", "{first}", "--enroll", "{second}", "--url", "localhost"],
            "'localhost' is no address of a server",
        ),
        (["{talk}", "--discover", "--url", "wss://localhost:1"], "Start it with hwaja serve"),
        (["{talk}", "--voice", "{talk}", "--voice", "{talk}"], "is no voice that --save-voice"),
        (
            ["{talk}", "--discover", "--fast", "--output", "talk.docx"],
            "talk.docx ends with no format: end it with one of json, srt",
        ),
    ],
)
def test_wrong_arguments_give_a_one_line_error(
    arguments: list[str], sentence: str, files: dict[str, str], capsys: Capture
) -> None:
    given = [argument.format(**files) for argument in arguments]
    assert main(["transcribe", *given]) == 1
    assert sentence in error_of(capsys)


@pytest.mark.parametrize("way", [[], ["--fast"]])
def test_the_usual_address_is_asked_where_none_is_given(
    way: list[str], files: dict[str, str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hwaja.cli.transcribe.USUAL_URL", "wss://localhost:1")
    assert main(["transcribe", "--discover", files["talk"], *way]) == 1
    assert "No server answers at wss://localhost:1" in error_of(capsys)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{talk}"], "--enroll을 두 번 이상 지정하거나"),
        (["/nowhere.wav", "--discover"], "/nowhere.wav 파일이 없습니다."),
        (["{talk}", "--discover", "--cafile", "/nowhere"], "읽을 수 없습니다(파일이 없음)."),
        (["{talk}", "--discover", "--url", "wss://localhost:1"], "hwaja serve로 서버를 시작"),
    ],
)
def test_errors_of_files_and_options_are_korean_on_request(
    arguments: list[str], sentence: str, files: dict[str, str], capsys: Capture
) -> None:
    given = [argument.format(**files) for argument in arguments]
    assert main(["transcribe", "--lang", "ko", *given]) == 1
    assert sentence in error_of(capsys)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["one.wav", "two.wav"], "two.wav is one argument too many"),
        (["--event", "lags"], "choose from 'speech_started', 'speech_ended'"),
    ],
)
def test_a_refusal_of_the_parser_is_one_of_the_command(
    arguments: list[str], sentence: str, capsys: Capture
) -> None:
    with pytest.raises(SystemExit):
        main(["transcribe", *arguments])
    error = capsys.readouterr().err
    assert error.startswith("usage: hwaja transcribe")
    assert sentence in error


@in_one_loop
async def test_events_are_printed_on_request(
    endpoint: Endpoint, certificate: tuple[Path, Path], files: dict[str, str], capsys: Capture
) -> None:
    arguments = ["--url", endpoint.url, "--cafile", str(certificate[0]), *enrolling(files)]
    arguments += ["--event", "speech_started", "--event", "speech_ended", files["talk"]]
    assert await transcribe(*arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("speech_started: segment_id ") for line in lines) == 4
    assert sum(line.startswith("speech_ended: segment_id ") for line in lines) == 4
