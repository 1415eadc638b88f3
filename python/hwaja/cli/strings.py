"""What the commands tell a person, each text in both languages. `{name}` is a placeholder.

The texts of `hwaja doctor` are in `doctor/strings.py`, and those of options beside the options.
Errors are English, and told in Korean by `language/sentences.py`.
"""

import argparse
import unicodedata
from collections.abc import Mapping
from typing import Any

from hwaja.client import Message
from hwaja.language import LANGUAGES, Language, Text, chooser
from hwaja.language.sentences import told, told_values
from hwaja.protocol.english import in_english

_CONTROLS = {"Cc", "Cs", "Zl", "Zp"}
"""Categories of characters that move the cursor, end a line or cannot be printed."""

_DIRECTIONS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
"""Bidirectional classes of characters that change the order of those around them."""

_TEXTS: Mapping[str, Text] = {
    "stranger": Text("Someone not enrolled", "등록되지 않은 사람"),
    "speaker": Text("Speaker {number}", "화자 {number}"),
    "corrected": Text("corrected: ", "정정: "),
    "listening": Text("Listening. Ctrl-C ends.", "듣고 있습니다. 끝내려면 Ctrl-C를 누르세요."),
    "lost": Text(
        "The connection is lost; trying again.", "연결이 끊겼습니다. 다시 연결하는 중입니다."
    ),
    "unread.now": Text(
        "The microphone was not read in time; words may be missing.",
        "마이크 소리를 제때 읽지 못했습니다. 일부 말이 빠질 수 있습니다.",
    ),
    "unread": Text(
        "The microphone was not read in time {times} times.",
        "마이크 소리를 제때 읽지 못한 횟수: {times}",
    ),
    "kept": Text("{file} is good until {until}.", "{file}: {until}까지 쓸 수 있습니다."),
    "fast": Text(
        "{seconds:.0f} s in {took:.1f} s, {speed:.1f} times as fast as real time.",
        "{seconds:.0f}초 분량을 {took:.1f}초에 처리했습니다(실시간의 {speed:.1f}배).",
    ),
    "untrusted": Text(
        "{error} Trust it with --cafile, or pass --insecure.",
        "{error} --cafile로 인증서를 지정하거나 --insecure를 쓰세요.",
    ),
    "fast.speed": Text("{speed:.1f} times", "{speed:.1f}배"),
    "unauthorized": Text(
        "{error} Set the file with your token with --token-file.",
        "{error} --token-file로 토큰 파일을 지정하세요.",
    ),
    "refused": Text("The server answered: {sentence}", "서버의 응답: {sentence}"),
    "unanswered": Text(
        "{error} Start it with hwaja serve, or give its address with --url.",
        "{error} hwaja serve로 서버를 시작하거나 --url로 주소를 지정하세요.",
    ),
    "stopped": Text(
        "{error} It is being stopped or restarted: try again in a moment.",
        "{error} 서버가 멈추거나 다시 시작하는 중입니다. 잠시 뒤에 다시 시도하세요.",
    ),
    "check.suitable": Text("This voice can be enrolled.", "등록할 수 있는 목소리입니다."),
    "check.converted": Text(
        "converted from {rate} Hz, {channels} channels; a client must send 16000 Hz, mono",
        "{rate}Hz, {channels}채널 파일을 변환했습니다. 클라이언트는 16000Hz 모노로 보내야 합니다.",
    ),
    "check.quality": Text(
        (
            "{speech:.1f} s of speech at {level:.1f} dBFS, SNR {snr:.0f} dB, {clipped:.1f} % "
            "clipped, agreement between its parts {agreement:.2f}"
        ),
        (
            "말소리 {speech:.1f}초, {level:.1f}dBFS, SNR {snr:.0f}dB, 잘린 샘플 {clipped:.1f}%, "
            "부분 간 일치도 {agreement:.2f}"
        ),
    ),
    "check.similarity": Text(
        (
            "similarity to the nearest other voice {similarity:.2f} (from {same:.2f} on: the same "
            "person)"
        ),
        "가장 비슷한 다른 목소리와의 유사도 {similarity:.2f} ({same:.2f}부터 같은 사람으로 봅니다)",
    ),
    "banner.ready": Text("hwaja {version} is ready.", "hwaja {version} 서버가 준비되었습니다."),
    "banner.address": Text("Address", "주소"),
    "banner.model": Text("Model", "모델"),
    "banner.model.is": Text("{model}, language {language}", "{model}, 언어 {language}"),
    "banner.device": Text("Device", "장치"),
    "banner.device.is": Text("{provider}, workers: {workers}", "{provider}, 워커 {workers}개"),
    "banner.capacity": Text("Capacity", "수용량"),
    "banner.capacity.is": Text(
        "up to {clients} conversations; hwaja doctor measures how many this machine serves at once",
        "대화 최대 {clients}건. 이 컴퓨터가 동시에 몇 건을 감당하는지는 hwaja doctor로 잽니다.",
    ),
    "banner.capacity.about": Text(
        (
            "up to {clients} conversations; the processor is enough for about {served}, or "
            "{pauseless} if nobody ever pauses (hwaja doctor measures it)"
        ),
        (
            "대화 최대 {clients}건. 프로세서로는 약 {served}건, 아무도 쉬지 않고 말하면 "
            "{pauseless}건(hwaja doctor로 실측)"
        ),
    ),
    "banner.certificate": Text("Certificate", "인증서"),
    "banner.certificate.development": Text(
        "for trials: a browser warns once ({file})", "시험용: 브라우저가 한 번 경고합니다 ({file})"
    ),
    "banner.certificate.own": Text("{file}", "{file}"),
    "banner.certificate.none": Text(
        "none: the proxy before this server must have one",
        "없음: 앞단의 프록시에 인증서가 있어야 합니다",
    ),
    "banner.phones": Text("Phones", "휴대전화"),
    "banner.code": Text("Access code", "접속 코드"),
    "banner.scan": Text(
        (
            "Scan this with a phone in the same network. Its browser warns once: the certificate "
            "is for trials."
        ),
        "같은 네트워크에 있는 휴대전화로 찍으세요. 시험용 인증서라서 브라우저가 한 번 경고합니다.",
    ),
    "banner.next": Text("Next", "다음 단계"),
    "banner.next.page": Text(
        "open {page} in a browser, or run: hwaja transcribe --help",
        "브라우저에서 {page} 열기, 또는 hwaja transcribe --help 실행",
    ),
    "banner.next.proxy": Text(
        "open the address of your proxy in a browser", "브라우저에서 프록시의 주소 열기"
    ),
    "banner.end": Text("Ctrl-C stops the server.", "서버를 멈추려면 Ctrl-C를 누르세요."),
    "demo.speak": Text(
        "1. espeak-ng speaks for two people, into {folder}.",
        "1. espeak-ng가 두 사람의 말을 {folder}에 녹음합니다.",
    ),
    "demo.check": Text(
        "2. Can these voices be enrolled, and are they two people?",
        "2. 등록할 수 있는 목소리인지, 서로 다른 사람인지 확인합니다.",
    ),
    "demo.serve": Text(
        "3. A server starts. This takes some seconds.", "3. 서버를 시작합니다. 몇 초 걸립니다."
    ),
    "demo.transcribe": Text(
        (
            "4. The server transcribes a conversation, and says who spoke. Synthetic voices are "
            "told apart like people, but their words are often misheard; those of people far less."
        ),
        (
            "4. 서버가 대화를 받아쓰며 누가 말했는지 구분합니다. 합성한 목소리도 사람처럼 "
            "구분하지만, 낱말은 자주 잘못 알아듣습니다. 사람의 말은 훨씬 잘 알아듣습니다."
        ),
    ),
    "demo.page": Text(
        "5. The page, for a microphone: open {page} in a browser.",
        "5. 마이크로 써 보려면 브라우저에서 {page} 페이지를 여세요.",
    ),
    "demo.end": Text(
        "Press Enter to stop the server and end the demo.",
        "Enter를 누르면 서버를 멈추고 데모를 끝냅니다.",
    ),
    "problems": Text(
        "The server cannot start, for {count} reasons:",
        "다음 {count}가지 이유로 서버를 시작할 수 없습니다.",
    ),
    "problems.run": Text("Run: {command}", "실행할 명령: {command}"),
    "problem.certificate": Text(
        "TLS needs a certificate: set --cert and --key. For a trial, --dev-cert makes one.",
        (
            "TLS 인증서가 필요합니다. --cert와 --key를 지정하세요. 시험용이라면 --dev-cert가 "
            "만들어 줍니다."
        ),
    ),
    "problem.models": Text(
        "These models are missing: {names}.", "필요한 모델이 없습니다: {names}."
    ),
    "problem.port": Text(
        "Port {port} of {host} is in use, perhaps by another hwaja serve.",
        "{host}의 포트 {port}번을 이미 쓰고 있습니다. 다른 hwaja serve가 켜져 있는지 확인하세요.",
    ),
    "problem.unknown": Text("{error}", "{error}"),
}


def say(language: Language, key: str, /, **values: Any) -> str:
    """Return a text in a language. A value of a placeholder may be an error, or its sentence."""
    return _TEXTS[key].said_in(language).format(**told_values(values, language))


def sentence_of(language: Language, message: Message) -> str:
    """Return what a message of the server, or a warning of one, tells a person."""
    if language == "en":
        return printable(in_english(message))
    return printable(told(message.get("message") or in_english(message), language))


def printable(text: str) -> str:
    """Return a text of a server without what would control the terminal: escapes, directions."""
    return "".join("\N{REPLACEMENT CHARACTER}" if _controls(each) else each for each in text)


def _controls(character: str) -> bool:
    is_direction = unicodedata.bidirectional(character) in _DIRECTIONS
    return is_direction or unicodedata.category(character) in _CONTROLS


def add_language(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup, language: Language
) -> None:
    """Add the option for the language of what a command prints; see `parser.language_of`."""
    text = chooser(language)
    parser.add_argument(
        "--lang",
        choices=LANGUAGES,
        default=language,
        help=text(
            "language of the output: %(choices)s [default: that of the locale]",
            "출력 언어: %(choices)s [기본값: 로캘의 언어]",
        ),
    )
