"""Everything that the commands tell a person, in both languages. `{name}` is a placeholder.

The texts of `hwaja doctor` are in `doctor/strings.py`, the errors of files and options in
`error_sentences.py`. Help, the refusals of the parser, and what keeps the server from starting or
from reading a file are English only.
"""

import argparse
import os
from collections.abc import Mapping
from typing import Any

from hwaja.client import Message
from hwaja.doctor.language import LANGUAGES, Language, of_locale
from hwaja.protocol.codes import Reason

_ENGLISH = {
    "stranger": "Someone not enrolled",
    "speaker": "Speaker {number}",
    "corrected": "corrected: ",
    "listening": "Listening. Ctrl-C ends.",
    "lost": "The connection is lost; trying again.",
    "unread.now": "The microphone was not read in time; words may be missing.",
    "unread": "The microphone was not read in time {times} times.",
    "kept": "{file} is good until {until}.",
    "fast": "{seconds:.0f} s in {took:.1f} s, {speed:.1f} times as fast as real time.",
    "untrusted": "{error} Trust it with --cafile, or pass --insecure.",
    "unauthorized": "{error} Set the file with your token with --token-file.",
    "refused": "The server answered: {sentence}",
    "unanswered": "{error} Start it with hwaja serve, or give its address with --url.",
    "stopped": "{error} It is being stopped or restarted: try again in a moment.",
    "check.suitable": "This voice can be enrolled.",
    "check.converted": (
        "converted from {rate} Hz, {channels} channels; a client must send 16000 Hz, mono"
    ),
    "check.quality": (
        "{speech:.1f} s of speech at {level:.1f} dBFS, SNR {snr:.0f} dB, {clipped:.1f} % clipped, "
        "agreement between its parts {agreement:.2f}"
    ),
    "check.similarity": (
        "similarity to the nearest other voice {similarity:.2f} "
        "(from {same:.2f} on: the same person)"
    ),
    "speaker_registration_completed": "Speaker {number} is enrolled.",
    "transcription_started": "The transcription begins.",
    "transcription_updated": "The options have changed.",
    "transcription_paused": "The transcription is paused.",
    "transcription_resumed": "The transcription goes on.",
    "banner.ready": "hwaja {version} is ready.",
    "banner.address": "Address",
    "banner.model": "Model",
    "banner.model.is": "{model}, language {language}",
    "banner.device": "Device",
    "banner.device.is": "{provider}, workers: {workers}",
    "banner.capacity": "Capacity",
    "banner.capacity.is": (
        "up to {clients} conversations; hwaja doctor measures how many this machine serves at once"
    ),
    "banner.capacity.about": (
        "up to {clients} conversations; the processor is enough for about {served}, or {pauseless} "
        "if nobody ever pauses (hwaja doctor measures it)"
    ),
    "banner.certificate": "Certificate",
    "banner.certificate.development": "for trials: a browser warns once ({file})",
    "banner.certificate.own": "{file}",
    "banner.certificate.none": "none: the proxy before this server must have one",
    "banner.phones": "Phones",
    "banner.code": "Access code",
    "banner.scan": (
        "Scan this with a phone in the same network. Its browser warns once: the certificate is "
        "for trials."
    ),
    "banner.next": "Next",
    "banner.next.page": "open {page} in a browser, or run: hwaja transcribe --help",
    "banner.next.proxy": "open the address of your proxy in a browser",
    "banner.end": "Ctrl-C stops the server.",
    "demo.speak": "1. espeak-ng speaks for two people, into {folder}.",
    "demo.check": "2. Can these voices be enrolled, and are they two people?",
    "demo.serve": "3. A server starts. This takes some seconds.",
    "demo.transcribe": (
        "4. The server transcribes a conversation, and says who spoke. Synthetic voices are told "
        "apart like people, but their words are often misheard; those of people far less."
    ),
    "demo.page": "5. The page, for a microphone: open {page} in a browser.",
    "demo.end": "Press Enter to stop the server and end the demo.",
    "demo.kept": "There is {file} already: give --keep another folder.",
    "demo.files": "Give --voice twice and --talk, or none of them.",
    "demo.mute": (
        "The demo needs a program that speaks: apt install espeak-ng (Debian, Ubuntu), dnf install "
        "espeak-ng (Fedora), brew install espeak-ng (macOS). Or give files of your own: hwaja demo "
        "--voice first.wav --voice second.wav --talk talk.wav"
    ),
    "problems": "The server cannot start, for {count} reasons:",
    "problems.run": "Run: {command}",
    "problem.certificate": (
        "TLS needs a certificate: set --cert and --key. For a trial, --dev-cert makes one."
    ),
    "problem.models": "These models are missing: {names}.",
    "problem.port": "Port {port} of {host} is in use, perhaps by another hwaja serve.",
    "problem.unknown": "{error}",
}

_KOREAN = {
    "stranger": "등록되지 않은 사람",
    "speaker": "화자 {number}",
    "corrected": "정정: ",
    "listening": "듣고 있습니다. 끝내려면 Ctrl-C를 누르세요.",
    "lost": "연결이 끊겼습니다. 다시 연결하는 중입니다.",
    "unread.now": "마이크 소리를 제때 읽지 못했습니다. 일부 말이 빠질 수 있습니다.",
    "unread": "마이크 소리를 제때 읽지 못한 횟수: {times}",
    "kept": "{file}: {until}까지 쓸 수 있습니다.",
    "fast": "{seconds:.0f}초 분량을 {took:.1f}초에 처리했습니다(실시간의 {speed:.1f}배).",
    "untrusted": (
        "서버 인증서를 신뢰할 수 없습니다. --cafile로 인증서를 지정하거나 --insecure를 쓰세요."
    ),
    "unauthorized": "서버에 접속하려면 토큰이 필요합니다. --token-file로 토큰 파일을 지정하세요.",
    "refused": "서버의 응답: {sentence}",
    "unanswered": "{error} hwaja serve로 서버를 시작하거나 --url로 주소를 지정하세요.",
    "stopped": "{error} 서버가 멈추거나 다시 시작하는 중입니다. 잠시 뒤에 다시 시도하세요.",
    "check.suitable": "등록할 수 있는 목소리입니다.",
    "check.converted": (
        "{rate}Hz, {channels}채널 파일을 변환했습니다. 클라이언트는 16000Hz 모노로 보내야 합니다."
    ),
    "check.quality": (
        "말소리 {speech:.1f}초, {level:.1f}dBFS, SNR {snr:.0f}dB, 잘린 샘플 {clipped:.1f}%, "
        "부분 간 일치도 {agreement:.2f}"
    ),
    "check.similarity": (
        "가장 비슷한 다른 목소리와의 유사도 {similarity:.2f} ({same:.2f}부터 같은 사람으로 봅니다)"
    ),
    "banner.ready": "hwaja {version} 서버가 준비되었습니다.",
    "banner.address": "주소",
    "banner.model": "모델",
    "banner.model.is": "{model}, 언어 {language}",
    "banner.device": "장치",
    "banner.device.is": "{provider}, 워커 {workers}개",
    "banner.capacity": "수용량",
    "banner.capacity.is": (
        "대화 최대 {clients}건. 이 컴퓨터가 동시에 몇 건을 감당하는지는 hwaja doctor로 잽니다."
    ),
    "banner.capacity.about": (
        "대화 최대 {clients}건. 프로세서로는 약 {served}건, 아무도 쉬지 않고 말하면 {pauseless}건"
        "(hwaja doctor로 실측)"
    ),
    "banner.certificate": "인증서",
    "banner.certificate.development": "시험용: 브라우저가 한 번 경고합니다 ({file})",
    "banner.certificate.own": "{file}",
    "banner.certificate.none": "없음: 앞단의 프록시에 인증서가 있어야 합니다",
    "banner.phones": "휴대전화",
    "banner.code": "접속 코드",
    "banner.scan": (
        "같은 네트워크에 있는 휴대전화로 찍으세요. 시험용 인증서라서 브라우저가 한 번 경고합니다."
    ),
    "banner.next": "다음 단계",
    "banner.next.page": "브라우저에서 {page} 열기, 또는 hwaja transcribe --help 실행",
    "banner.next.proxy": "브라우저에서 프록시의 주소 열기",
    "banner.end": "서버를 멈추려면 Ctrl-C를 누르세요.",
    "demo.speak": "1. espeak-ng가 두 사람의 말을 {folder}에 녹음합니다.",
    "demo.check": "2. 등록할 수 있는 목소리인지, 서로 다른 사람인지 확인합니다.",
    "demo.serve": "3. 서버를 시작합니다. 몇 초 걸립니다.",
    "demo.transcribe": (
        "4. 서버가 대화를 받아쓰며 누가 말했는지 구분합니다. 합성한 목소리도 사람처럼 구분하지만, "
        "낱말은 자주 잘못 알아듣습니다. 사람의 말은 훨씬 잘 알아듣습니다."
    ),
    "demo.page": "5. 마이크로 써 보려면 브라우저에서 {page} 페이지를 여세요.",
    "demo.end": "Enter를 누르면 서버를 멈추고 데모를 끝냅니다.",
    "demo.kept": "{file} 파일이 이미 있습니다. --keep에 다른 폴더를 지정하세요.",
    "demo.files": "--voice 두 번과 --talk를 함께 지정하거나, 모두 지정하지 마세요.",
    "demo.mute": (
        "데모에는 말하는 프로그램이 필요합니다: apt install espeak-ng(Debian, Ubuntu), dnf install "
        "espeak-ng(Fedora), brew install espeak-ng(macOS). 직접 녹음한 파일을 써도 됩니다: "
        "hwaja demo --voice first.wav --voice second.wav --talk talk.wav"
    ),
    "problems": "다음 {count}가지 이유로 서버를 시작할 수 없습니다.",
    "problems.run": "실행할 명령: {command}",
    "problem.certificate": (
        "TLS 인증서가 필요합니다. --cert와 --key를 지정하세요. "
        "시험용이라면 --dev-cert가 만들어 줍니다."
    ),
    "problem.models": "필요한 모델이 없습니다: {names}.",
    "problem.port": (
        "{host}의 포트 {port}번을 이미 쓰고 있습니다. 다른 hwaja serve가 켜져 있는지 확인하세요."
    ),
    "problem.unknown": "{error}",
}

_ENGLISH_REASONS: Mapping[str, str] = {
    Reason.SERVER_FULL: "The server is full. Try again later.",
    Reason.SESSION_LIMIT: "The session has reached its limit. Connect again to go on.",
    Reason.AUDIO_LIMIT: "The transcription has reached its limit. Start again to go on.",
    Reason.IDLE: "The connection ends, because nothing was sent for a long time.",
    Reason.TOKEN_REVOKED: "The token was revoked. Ask who runs the server.",
    Reason.NO_AUDIO: "No audio has arrived. Check the microphone.",
    Reason.TOO_LITTLE_SPEECH: "There is too little speech. Speak for 3-5 s.",
    Reason.TOO_LONG: "The recording is too long. Speak for 3-5 s.",
    Reason.TWO_VOICES: "Two people can be heard. Only one may speak.",
    Reason.SAME_VOICE: "This voice is enrolled as another speaker. Another person should speak.",
    Reason.OTHER_VOICE: "This is not the voice that was enrolled before.",
    Reason.TICKET_EXPIRED: "The kept voice has expired. Enrol it again.",
    Reason.TICKET_FOREIGN: "The kept voice is of another server. Enrol it again.",
    Reason.TICKET_TAMPERED: "The kept voice is damaged. Enrol it again.",
    Reason.TICKET_OTHER_MODEL: "The server has another speaker model now. Enrol the voice again.",
    Reason.TICKET_OTHER_SUBJECT: "The voice was enrolled with another token. Enrol it again.",
    Reason.PERHAPS_TWO_VOICES: "Another voice seems to be in the recording. Speak alone.",
    Reason.SIMILAR_VOICE: "Two voices are similar. Check that they are two people.",
    Reason.WRONG_FORMAT: "The audio seems to have another format than PCM16 at 16 kHz, mono.",
    Reason.CLIPPED: "The recording is too loud and distorted. Keep away from the microphone a bit.",
    Reason.NOISY: "There is much noise. Speak where it is quiet.",
    Reason.QUIET: "The recording is very quiet. Come closer to the microphone.",
    Reason.LITTLE_SPEECH: "There is little speech. 3-5 s make the speakers more certain.",
    Reason.ENGINE_FAILED: "The server could not process the speech.",
    Reason.SERVER_FAILED: "The server had an error. Connect again.",
    Reason.SERVER_STOPPED: "The server has stopped, and has not processed the rest. Connect again.",
    Reason.LANGUAGE_UNSUPPORTED: "The recogniser of the server does not have this language.",
    Reason.HOTWORDS_UNSUPPORTED: "The recogniser of the server takes no hotwords.",
    Reason.HOTWORD_UNKNOWN: "A hotword has a character that the recogniser cannot write.",
}
"""What a person is told where the server's own sentence is Korean.

The other reasons are faults of a client program; they stand for themselves.
"""

_STRINGS: Mapping[Language, Mapping[str, str]] = {"en": _ENGLISH, "ko": _KOREAN}


def say(language: Language, key: str, /, **values: Any) -> str:
    """Return a text in a language, with the values of its placeholders."""
    return _STRINGS[language][key].format(**values)


def reason_of(language: Language, reason: str | None, korean: str) -> str:
    """Return the sentence for a reason; `korean` is what the server wrote, of a file in English."""
    if language == "ko" or reason is None:
        return korean
    known = korean if korean.isascii() else f"{reason.replace('_', ' ')}."
    return _ENGLISH_REASONS.get(reason, known)


def sentence_of(language: Language, message: Message) -> str:
    """Return what a message of the server, which has a `message`, tells a person."""
    if language == "ko":
        return str(message["message"])
    if message["type"] in _ENGLISH:
        return say("en", message["type"], number=message.get("speaker_id", 0) + 1)
    return reason_of(language, message.get("reason"), message["message"])


def add_language(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add the option for the language of a command's output."""
    parser.add_argument(
        "--lang",
        choices=LANGUAGES,
        default=of_locale(os.environ),
        help="language of the output: %(choices)s [default: that of the locale, here %(default)s]",
    )
