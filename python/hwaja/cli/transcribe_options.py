"""The options of `hwaja transcribe`."""

import argparse
from pathlib import Path

from hwaja.cli.fast import FORMATS
from hwaja.cli.strings import add_language
from hwaja.cli.voices import KeptVoice, SaveLastVoice, SpokenVoice
from hwaja.language import Choose, Language, chooser
from hwaja.protocol.values import Event

USUAL_URL = "wss://localhost:8088"


def add_arguments(parser: argparse.ArgumentParser, language: Language) -> None:
    """Add the options of `hwaja transcribe`, in a language."""
    text = chooser(language)
    _add_speech(parser.add_argument_group(text("what to transcribe", "전사할 음성")), text)
    _add_speakers(parser.add_argument_group(text("speakers", "화자")), text)
    output = parser.add_argument_group(text("output", "출력"))
    _add_output(output, text)
    add_language(output, language)
    _add_server(parser.add_argument_group(text("server", "서버")), text)


def _add_speech(group: argparse._ArgumentGroup, text: Choose) -> None:
    group.add_argument(
        "talk",
        type=Path,
        nargs="?",
        metavar="FILE",
        help=text("the conversation: a WAV or FLAC file", "대화: WAV 또는 FLAC 파일"),
    )
    group.add_argument(
        "--mic",
        action="store_true",
        help=text("transcribe the microphone instead", "파일 대신 마이크 소리를 전사"),
    )
    group.add_argument(
        "--fast",
        action="store_true",
        help=text(
            "have the file transcribed as fast as the server can, while nobody speaks to it; any "
            "format that the server decodes: WAV, FLAC, MP3, Ogg, M4A, AAC, WebM",
            "서버에 말하는 사람이 없을 때 낼 수 있는 가장 빠른 속도로 파일을 전사. 서버가 읽는 "
            "모든 형식: WAV, FLAC, MP3, Ogg, M4A, AAC, WebM",
        ),
    )
    group.add_argument(
        "--speed",
        type=float,
        default=1.0,
        metavar="FACTOR",
        help=text(
            "speed as a multiple of real time; 0: at once [default %(default)g]",
            "실시간의 몇 배로 보낼지. 0이면 한꺼번에 [기본값 %(default)g]",
        ),
    )
    group.add_argument(
        "--language",
        metavar="CODE",
        help=text(
            "spoken language [default: that of the server]", "말하는 언어 [기본값: 서버의 언어]"
        ),
    )
    group.add_argument(
        "--hotword",
        action="append",
        default=[],
        metavar="TEXT",
        help=text(
            "a word to expect; you can give this option several times",
            "나올 만한 낱말. 여러 번 지정할 수 있음",
        ),
    )


def _add_speakers(group: argparse._ArgumentGroup, text: Choose) -> None:
    group.add_argument(
        "--enroll",
        type=SpokenVoice,
        action="append",
        dest="voices",
        default=[],
        metavar="FILE",
        help=text(
            "3-5 s of one speaker's voice; give it once for each speaker, speaker 0 first",
            "한 화자의 목소리 3-5초. 화자마다 한 번씩, 화자 0부터 차례로 지정",
        ),
    )
    group.add_argument(
        "--save-voice",
        type=Path,
        action=SaveLastVoice,
        metavar="FILE",
        help=text(
            "keep the voice of the --enroll before it in FILE, for --voice; only the server can "
            "read it, but whoever has it can have speech compared with that voice",
            "바로 앞의 --enroll의 목소리를 --voice에 쓰도록 FILE에 보관. 서버만 읽을 수 있지만, "
            "파일을 가진 사람은 누구나 그 목소리와 말소리를 비교하게 할 수 있음",
        ),
    )
    group.add_argument(
        "--voice",
        type=KeptVoice,
        action="append",
        dest="voices",
        default=[],
        metavar="FILE",
        help=text(
            "a voice that --save-voice kept, in place of an --enroll",
            "--save-voice로 보관한 목소리. --enroll 대신 사용",
        ),
    )
    group.add_argument(
        "--discover",
        action="store_true",
        help=text(
            "find the speakers by their voices; needs no --enroll",
            "목소리로 화자를 찾음. --enroll이 필요 없음",
        ),
    )
    group.add_argument(
        "--channels",
        action="store_true",
        help=text(
            "take each of the two channels of the file for one speaker, as in a recorded telephone "
            "call; needs no --enroll",
            "통화 녹음처럼 파일의 두 채널을 각각 한 화자로 봄. --enroll이 필요 없음",
        ),
    )
    group.add_argument(
        "--max-speakers",
        type=int,
        metavar="NUMBER",
        help=text(
            "with --discover: how many speak at most", "--discover와 함께: 말하는 사람의 최대 수"
        ),
    )
    group.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="NAME",
        help=text(
            "a speaker's name; give it once for each speaker, speaker 0 first",
            "화자의 이름. 화자마다 한 번씩, 화자 0부터 차례로 지정",
        ),
    )


def _add_output(group: argparse._ArgumentGroup, text: Choose) -> None:
    group.add_argument(
        "--interim",
        action="store_true",
        help=text(
            "show texts before an utterance is finished", "발화가 끝나기 전에 중간 결과를 표시"
        ),
    )
    group.add_argument(
        "--event",
        action="append",
        default=[],
        choices=[str(event) for event in Event],
        dest="events",
        metavar="NAME",
        help=text(
            "print this event too: %(choices)s; you can give this option several times",
            "이 이벤트도 출력: %(choices)s. 여러 번 지정할 수 있음",
        ),
    )
    group.add_argument(
        "--format",
        choices=FORMATS,
        metavar="FORMAT",
        help=text(
            "with --fast: write a whole transcript in this format: %(choices)s [default: that of "
            "the name of --output; without either, json]",
            "--fast와 함께: 전사 결과 전체를 이 형식으로 출력: %(choices)s [기본값: --output의 "
            "확장자가 나타내는 형식, 둘 다 없으면 json]",
        ),
    )
    group.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help=text(
            "with --fast: write the transcript to FILE", "--fast와 함께: 전사 결과를 FILE에 저장"
        ),
    )
    group.add_argument(
        "--json",
        action="store_true",
        help=text("print the server's messages as JSON", "서버의 메시지를 JSON으로 출력"),
    )


def _add_server(group: argparse._ArgumentGroup, text: Choose) -> None:
    group.add_argument(
        "--url",
        action="append",
        help=text(
            "the server; give it once for each of several servers with the same ticket keys: if "
            f"one is gone, another goes on [default {USUAL_URL}]",
            "서버의 주소. 티켓 키가 같은 서버가 여럿이면 하나씩 모두 지정. 하나가 사라지면 다른 "
            f"서버에서 이어 감 [기본값 {USUAL_URL}]",
        ),
    )
    group.add_argument(
        "--cafile",
        type=Path,
        metavar="FILE",
        help=text(
            "certificate to trust [default: that of `hwaja serve --dev-cert`, if there is one]",
            "신뢰할 인증서 [기본값: `hwaja serve --dev-cert`가 만든 인증서가 있으면 그것]",
        ),
    )
    group.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help=text("file with your token for the server", "서버에 보낼 토큰을 적은 파일"),
    )
    group.add_argument(
        "--insecure",
        action="store_true",
        help=text("accept any certificate", "어떤 인증서든 받아들임"),
    )
