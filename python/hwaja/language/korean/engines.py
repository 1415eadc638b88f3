"""What the engines say of the machine's libraries, and of models that they cannot load."""

SENTENCES = {
    "{model} does not know the language {language}.": (
        "{model} 모델은 {language} 언어를 모릅니다."
    ),
    "onnxruntime and onnxruntime-gpu are both installed and overwrite each other; uninstall both, "
    "then install hwaja[cpu] or hwaja[gpu].": (
        "onnxruntime과 onnxruntime-gpu가 모두 설치되어 서로 덮어씁니다. 둘 다 제거한 뒤 "
        "hwaja[cpu]나 hwaja[gpu]를 설치하세요."
    ),
    "onnxruntime is not installed; install hwaja[cpu] (or hwaja[gpu] for CUDA).": (
        "onnxruntime이 설치되어 있지 않습니다. hwaja[cpu]를(CUDA를 쓰려면 hwaja[gpu]를) 설치하세요."
    ),
    "The installed onnxruntime knows no CUDA; for a GPU, uninstall it and install hwaja[gpu] in "
    "place of hwaja[cpu].": (
        "설치된 onnxruntime은 CUDA를 지원하지 않습니다. GPU를 쓰려면 제거한 뒤 hwaja[cpu] 대신 "
        "hwaja[gpu]를 설치하세요."
    ),
    "onnxruntime {version} is too old for sherpa-onnx: it needs {least}.": (
        "onnxruntime {version} 버전은 sherpa-onnx에 너무 오래되었습니다. {least} 이상이 필요합니다."
    ),
    "{model} cannot be loaded: {kind}.": "{model} 모델을 불러올 수 없습니다({kind}).",
    "sherpa-onnx cannot be put on onnxruntime: {reason}.": (
        "sherpa-onnx를 onnxruntime 위에서 쓸 수 없습니다({reason})."
    ),
    "CTranslate2 needs the cuBLAS of CUDA 12, but {reason}; install hwaja[gpu].": (
        "CTranslate2에는 CUDA 12의 cuBLAS가 필요합니다({reason}). hwaja[gpu]를 설치하세요."
    ),
    "sherpa-onnx runs on its own onnxruntime {own}, not on {version}, which is installed.": (
        "sherpa-onnx가 설치된 onnxruntime {version}이 아니라 자체 onnxruntime {own}에서 실행됩니다."
    ),
    "sherpa-onnx fails on {provider}: {reason}": (
        "sherpa-onnx를 {provider}에서 쓸 수 없습니다: {reason}"
    ),
    "sherpa-onnx fell back to the CPU, as a library of CUDA or cuDNN is missing or too old; "
    "install hwaja[gpu], and see stderr for its name.": (
        "CUDA나 cuDNN 라이브러리가 없거나 오래되어 sherpa-onnx가 CPU를 썼습니다. hwaja[gpu]를 "
        "설치하세요. 라이브러리의 이름은 stderr에 나옵니다."
    ),
    "This machine has no NVIDIA driver ({library} is not found).": (
        "이 컴퓨터에 NVIDIA 드라이버가 없습니다({library}를 찾을 수 없음)."
    ),
    "The NVIDIA driver finds no GPU that it can use (CUDA error {code}).": (
        "NVIDIA 드라이버가 쓸 수 있는 GPU를 찾지 못했습니다(CUDA 오류 {code})."
    ),
    "A trial of {provider} cannot be started: {reason}.": (
        "{provider} 시험을 시작할 수 없습니다({reason})."
    ),
    "A trial of {provider} did not end within {seconds} s.": (
        "{provider} 시험이 {seconds}초 안에 끝나지 않았습니다."
    ),
    "The engine ended in a trial of {provider} (exit code {code}); see stderr for why.": (
        "{provider} 시험 중에 엔진이 끝났습니다(종료 코드 {code}). 이유는 stderr에 나옵니다."
    ),
    "CTranslate2 is not installed; install hwaja[server].": (
        "CTranslate2가 설치되어 있지 않습니다. hwaja[server]를 설치하세요."
    ),
    "CTranslate2 does not run on {provider}: {reason}.": (
        "CTranslate2를 {provider}에서 쓸 수 없습니다({reason})."
    ),
    "CTranslate2 failed: {kind}.": "CTranslate2에 오류가 났습니다({kind}).",
    "{folder} cannot be loaded by CTranslate2 on {provider}: {reason}.": (
        "CTranslate2로 {provider}에서 {folder}을(를) 불러올 수 없습니다({reason})."
    ),
    "kiwipiepy is not installed; install hwaja[ko].": (
        "kiwipiepy가 설치되어 있지 않습니다. hwaja[ko]를 설치하세요."
    ),
    "Kiwi cannot load its model ({kind}).": "Kiwi가 모델을 불러올 수 없습니다({kind}).",
    "sherpa-onnx cannot run the model {name} ({reason}).": (
        "sherpa-onnx로 {name} 모델을 실행할 수 없습니다({reason})."
    ),
    "The model needs more than 30 s of audio at once; it does not stream.": (
        "한 번에 30초가 넘는 오디오가 필요한 모델이어서 스트리밍할 수 없습니다."
    ),
    "{file} is not the segmentation model hwaja expects.": (
        "{file} 파일은 hwaja가 쓰는 화자 분할 모델이 아닙니다."
    ),
    "{file} is not the Silero VAD model hwaja expects.": (
        "{file} 파일은 hwaja가 쓰는 Silero VAD 모델이 아닙니다."
    ),
    "{folder} is not a model of the form of VoxLock.": (
        "{folder}은(는) VoxLock 형식의 모델이 아닙니다."
    ),
    "{folder} must have one file {pattern}; it has {count}.": (
        "{folder} 폴더에 {pattern} 파일이 하나 있어야 하는데 {count}개 있습니다."
    ),
    "{file} is not one of SentencePiece's.": "{file} 파일은 SentencePiece의 파일이 아닙니다.",
    "{folder} has SentencePiece's pieces of another model.": (
        "{folder} 폴더에 다른 모델의 SentencePiece 조각이 들어 있습니다."
    ),
}
