"""What the commands say of their arguments."""

SENTENCES = {
    "{fault} Did you mean {name}?": "{fault} 혹시 {name}인가요?",
    "there is no option {option}.": "{option} 옵션은 없습니다.",
    "{value} is one argument too many": "{value}은(는) 필요 없는 인자입니다",
    "between 0 and 3600": "0부터 3600까지 쓸 수 있습니다",
    "--save-voice must follow the --enroll whose voice it keeps": (
        "--save-voice는 보관할 목소리의 --enroll 바로 뒤에 쓰세요"
    ),
    "This command needs: {command}.": "이 명령을 쓰려면 다음을 실행하세요: {command}",
    "Give --enroll twice or more, a file for each speaker, or --voice, --discover or --channels.": (
        "화자마다 파일 하나씩 --enroll을 두 번 이상 지정하거나, "
        "--voice, --discover, --channels를 쓰세요."
    ),
    "--channels is for a file, and without --discover.": (
        "--channels는 파일에만, --discover 없이 쓸 수 있습니다."
    ),
    "Give either a file to transcribe or --mic.": "전사할 파일과 --mic 가운데 하나만 지정하세요.",
    "--speed must not be negative.": "--speed는 0보다 작을 수 없습니다.",
    "--format and --output need --fast.": "--format과 --output은 --fast와 함께 쓰세요.",
    "--fast cannot be combined with {option}.": "--fast와 {option}은(는) 함께 쓸 수 없습니다.",
    "The name {file} ends with no format: end it with one of {known}, or give --format.": (
        "{file}의 확장자로는 형식을 알 수 없습니다. {known} 가운데 하나로 하거나 "
        "--format을 지정하세요."
    ),
    "Give at most {most} files: one for each speaker.": (
        "파일은 화자마다 하나씩, 최대 {most}개까지 지정할 수 있습니다."
    ),
    "Give --voice twice and --talk, or none of them.": (
        "--voice 두 번과 --talk를 함께 지정하거나, 모두 지정하지 마세요."
    ),
    "There is {file} already: give --keep another folder.": (
        "{file} 파일이 이미 있습니다. --keep에 다른 폴더를 지정하세요."
    ),
    "The demo needs a program that speaks: apt install espeak-ng (Debian, Ubuntu), dnf install "
    "espeak-ng (Fedora), brew install espeak-ng (macOS). Or give files of your own: hwaja demo "
    "--voice first.wav --voice second.wav --talk talk.wav": (
        "데모에는 말하는 프로그램이 필요합니다: apt install espeak-ng(Debian, Ubuntu), dnf install "
        "espeak-ng(Fedora), brew install espeak-ng(macOS). 직접 녹음한 파일을 써도 됩니다: "
        "hwaja demo --voice first.wav --voice second.wav --talk talk.wav"
    ),
    "espeak-ng could not speak: {command}": "espeak-ng로 말소리를 만들지 못했습니다: {command}",
    "{folder} cannot be made: {reason}.": "{folder} 폴더를 만들 수 없습니다({reason}).",
    "The log cannot be written: {reason}.": "로그를 쓸 수 없습니다({reason}).",
}
