"""The errors of files, options and connections in Korean, by the English sentence."""

from collections.abc import Mapping

from hwaja.client.errors import SentenceError
from hwaja.doctor.language import Language

_KOREAN: Mapping[str, str] = {
    "{file} does not exist.": "{file} 파일이 없습니다.",
    "{file} is not a sound file that can be read.": (
        "{file} 파일은 읽을 수 있는 소리 파일이 아닙니다."
    ),
    "{file} does not have {channels} channels, but {found}.": (
        "{file} 파일은 {channels}채널이 아니라 {found}채널입니다."
    ),
    "{file} cannot be read: {reason}.": "{file} 파일을 읽을 수 없습니다({reason}).",
    "{file} cannot be written: {reason}.": "{file} 파일을 쓸 수 없습니다({reason}).",
    "{file} cannot be used: {reason}.": "{file} 파일을 쓸 수 없습니다({reason}).",
    "{file} holds no certificate.": "{file} 파일에 인증서가 없습니다.",
    "{file} is no voice that --save-voice kept.": (
        "{file} 파일은 --save-voice로 보관한 목소리가 아닙니다."
    ),
    "The name {file} ends with no format: end it with one of {known}, or give --format.": (
        "{file}의 확장자로는 형식을 알 수 없습니다. {known} 가운데 하나로 하거나 "
        "--format을 지정하세요."
    ),
    "Give at most {most} files: one for each speaker.": (
        "파일은 화자마다 하나씩, 최대 {most}개까지 지정할 수 있습니다."
    ),
    "Give --enroll twice or more, a file for each speaker, or --voice, --discover or --channels.": (
        "화자마다 파일 하나씩 --enroll을 두 번 이상 지정하거나, "
        "--voice, --discover, --channels를 쓰세요."
    ),
    "--channels is for a file, and without --discover.": (
        "--channels는 파일에만, --discover 없이 쓸 수 있습니다."
    ),
    "Give either a file to transcribe or --mic.": ("전사할 파일과 --mic 가운데 하나만 지정하세요."),
    "--speed must not be negative.": "--speed는 0보다 작을 수 없습니다.",
    "--format and --output need --fast.": "--format과 --output은 --fast와 함께 쓰세요.",
    "--fast cannot be combined with {option}.": "--fast와 {option}은(는) 함께 쓸 수 없습니다.",
    "No server answers at {url} ({kind}).": "{url}에서 응답하는 서버가 없습니다({kind}).",
    "The server at {url} has ended the connection.": "{url} 서버가 연결을 끊었습니다.",
    "The server closed the connection (code {code}).": "서버가 연결을 끊었습니다(코드 {code}).",
    "{url!r} is no address of a server, which begins with wss:// or ws://.": (
        "{url!r}은(는) 서버의 주소가 아닙니다. 주소는 wss://나 ws://로 시작합니다."
    ),
}
"""What is not here, such as the faults of a client program, stays English."""

_REASONS = {
    "No such file or directory": "파일이 없음",
    "Permission denied": "권한이 없음",
    "Is a directory": "폴더임",
}
"""What the system says of a file."""


def translated(error: Exception, language: Language) -> str:
    """Return the sentence of an error in a language; in English where there is no other."""
    if language == "en" or not isinstance(error, SentenceError) or error.template not in _KOREAN:
        return str(error)
    values = {key: _REASONS.get(str(each), each) for key, each in error.values.items()}
    return _KOREAN[error.template].format(**values)
