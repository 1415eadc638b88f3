"""All sentences of the doctor in both languages. `{name}` is a placeholder.

A key begins with the name of its finding. The key of a piece of advice ends with `.do`.
"""

from collections.abc import Mapping

_ENGLISH = {
    "raised": "{error}",
    "broken": "The check itself failed ({kind}).",
    "python": "{implementation} {version}",
    "python.untested": "hwaja is tested on CPython only.",
    "libraries": "{told}, onnxruntime {onnxruntime} (in sherpa-onnx: {below_sherpa})",
    "libraries.missing": "Not installed: {names}.",
    "libraries.missing.do": "Install hwaja again with pip.",
    "libraries.sherpa": "sherpa-onnx {version} cannot be imported.",
    "libraries.sherpa.do": "Install it again with pip.",
    "provider": "{running} (requested: {asked})",
    "provider.seen": (
        "{running} (requested: {asked}), on onnxruntime {onnxruntime}; computation on the GPU "
        "was confirmed"
    ),
    "provider.reason": "{running} (requested: {asked}); not cuda: {reason}",
    "cpu": "{model}, {cores:g} usable cores, {flags}",
    "cpu.slow.do": "Without AVX2, recognition is several times slower. Use another machine.",
    "cpu.workers.do": (
        "There are {workers} workers, and each uses one core. Use --workers {fitting}."
    ),
    "certificate": "for {names}; valid for {days} more days",
    "certificate.none": "No certificate is configured. The server does not start without one.",
    "certificate.none.do": "Set --cert and --key. For a trial, --dev-cert makes a certificate.",
    "certificate.loopback": (
        "No certificate is needed: without TLS, the server only serves a proxy on this machine."
    ),
    "certificate.anywhere": (
        "No certificate is used: the server answers other machines without TLS."
    ),
    "certificate.anywhere.do": "Make sure that only your proxy can reach the port of the server.",
    "certificate.development": (
        "A development certificate will be made in {folder} when the server starts"
    ),
    "certificate.early": "The certificate is valid only from {begins}.",
    "certificate.early.do": "Correct the clock of this machine, or wait until then.",
    "certificate.expired": "The certificate expired on {ended}.",
    "certificate.expired.do": "Get a new certificate.",
    "certificate.unnamed": (
        "The certificate does not name {host}, where the server listens; valid for {days} more days"
    ),
    "certificate.unnamed.do": (
        "Clients can reach the server only by a name in the certificate: {names}."
    ),
    "certificate.nameless.do": (
        "Clients can reach the server only by a name in the certificate, but it has none."
    ),
    "certificate.ending": "valid for {days} more days",
    "certificate.ending.do": "Renew it before it expires.",
    "tokens": "{count}, all usable by every client",
    "model": "{licence}, {megabytes:.0f} MB, all checksums match",
    "model.absent": "The model is missing (searched in {root}).",
    "model.another": "The model was pulled by another version of hwaja (found in {root}).",
    "model.absent.do": "Run: hwaja models pull {name}",
    "model.damaged": "Files are missing or have changed since the model was pulled: {files}.",
    "model.damaged.do": "Delete the folder {folder}, then run: hwaja models pull {name}",
    "model.imported.do": "Delete the folder {folder}, then import the model again",
    "detector": "distinguishes generated speech from silence",
    "detector.deaf": "It does not distinguish generated speech from silence.",
    "detector.deaf.do": "Install onnxruntime again with pip.",
    "self-test": "transcribes a generated utterance correctly on {provider}, in text and times",
    "self-test.wrong": "A model with known answers wrote another text on {provider}.",
    "self-test.wrong.do": "Install sherpa-onnx again, or serve with another --provider.",
    "self-test.off": (
        "The times of a model with known answers are wrong by {seconds:.2f} s on {provider}."
    ),
    "self-test.off.do": "Install sherpa-onnx again.",
    "recogniser": (
        "{name} loads in {load_seconds:.1f} s and transcribes {speech_seconds:g} s of speech "
        "in {answer_seconds:.2f} s on {provider}"
    ),
    "recogniser.do": (
        "It does not keep up with one speaker. Use a smaller --asr-model or another machine."
    ),
    "interim-model": "{name} loads in {load_seconds:.1f} s and streams",
    "capacity.one": "about {count} conversation at a time",
    "capacity.many": (
        "about {count} conversations at the same time, or {pauseless} if nobody ever pauses"
    ),
    "capacity.none": "less than one conversation",
    "capacity.do": (
        "Up to {clients} clients can connect. If all of them speak at once, their texts come "
        "late. Use --max-connections {fitting}, more cores, or a smaller --asr-model."
    ),
    "memory": "{available:.1f} GB available of {total:.1f} GB",
    "memory.untold": "This system does not report its memory.",
    "memory.needed": (
        "{available:.1f} GB available of {total:.1f} GB; the server and {processes} processes "
        "with the models need {needed:.1f} GB"
    ),
    "memory.needed.do": (
        "Serve with fewer --workers or a smaller --asr-model, or close other programs."
    ),
    "advice": (
        "{name} makes about {percent:.0f} % of Whisper base's errors, by what one source published "
        "({corpora}), and fits here for {people} people who talk at once"
    ),
    "advice.mixed": (
        "{name} makes about {percent:.0f} % of Whisper base's errors, by figures of different "
        "sources ({corpora}), and fits here for {people} people who talk at once"
    ),
    "advice.none": "no other model that fits here is known to make fewer errors than {name}",
    "advice.do": "More about it: hwaja models advise. On your own speech: hwaja models compare",
    "verdict.ready": "Ready to serve.",
    "verdict.warnings.one": "Ready to serve, with {count} warning.",
    "verdict.warnings.many": "Ready to serve, with {count} warnings.",
    "verdict.failures.one": "Not ready to serve: {count} failure.",
    "verdict.failures.many": "Not ready to serve: {count} failures.",
    "progress.machine": "checking the machine",
    "progress.provider": "trying the provider",
    "progress.reading": "checking the files of {name}",
    "progress.hearing": "testing with generated sound",
    "progress.loading": "loading the models",
    "progress.choosing": "choosing utterances",
    "progress.measuring": "measuring, {seconds:.0f} s left",
}

_KOREAN = {
    "raised": "{error}",
    "broken": "점검하는 중에 오류가 났습니다({kind}).",
    "python": "{implementation} {version}",
    "python.untested": "hwaja는 CPython에서만 테스트합니다.",
    "libraries": "{told}, onnxruntime {onnxruntime}(sherpa-onnx에 포함된 버전: {below_sherpa})",
    "libraries.missing": "설치되어 있지 않습니다: {names}.",
    "libraries.missing.do": "pip로 hwaja를 다시 설치하세요.",
    "libraries.sherpa": "sherpa-onnx {version} 버전을 불러올 수 없습니다.",
    "libraries.sherpa.do": "pip로 sherpa-onnx를 다시 설치하세요.",
    "provider": "{running}(요청: {asked})",
    "provider.seen": (
        "{running}(요청: {asked}), onnxruntime {onnxruntime}. GPU로 계산하는 것을 확인했습니다"
    ),
    "provider.reason": "{running}(요청: {asked}). cuda를 쓰지 않는 이유: {reason}",
    "cpu": "{model}, 사용할 수 있는 코어 {cores:g}개, {flags}",
    "cpu.slow.do": "AVX2가 없으면 음성 인식이 몇 배 느립니다. 다른 컴퓨터를 쓰세요.",
    "cpu.workers.do": (
        "작업 프로세스 {workers}개가 저마다 코어 하나를 씁니다. "
        "--workers 값을 {fitting} 이하로 줄이세요."
    ),
    "certificate": "이름: {names}. 앞으로 {days}일 동안 유효합니다",
    "certificate.none": "설정된 인증서가 없습니다. 인증서 없이는 서버가 시작되지 않습니다.",
    "certificate.none.do": (
        "--cert와 --key를 지정하세요. 시험해 볼 때는 --dev-cert로 인증서를 만들 수 있습니다."
    ),
    "certificate.loopback": (
        "인증서가 필요하지 않습니다. TLS 없이 이 컴퓨터의 프록시에만 서비스하는 설정입니다."
    ),
    "certificate.anywhere": "인증서를 쓰지 않습니다. 서버가 다른 컴퓨터에도 TLS 없이 응답합니다.",
    "certificate.anywhere.do": "서버의 포트에는 프록시만 접속할 수 있게 하세요.",
    "certificate.development": "서버를 시작하면 개발용 인증서를 만듭니다. 위치: {folder}",
    "certificate.early": "인증서가 {begins}부터 유효합니다.",
    "certificate.early.do": "컴퓨터의 시계를 맞추거나, 그때까지 기다리세요.",
    "certificate.expired": "인증서가 {ended}에 만료되었습니다.",
    "certificate.expired.do": "새 인증서를 발급받으세요.",
    "certificate.unnamed": (
        "서버가 연결을 받는 주소({host})가 인증서에 없습니다. 앞으로 {days}일 동안 유효합니다"
    ),
    "certificate.unnamed.do": "클라이언트는 인증서에 있는 이름으로만 접속할 수 있습니다: {names}.",
    "certificate.nameless.do": (
        "클라이언트는 인증서에 있는 이름으로만 접속할 수 있는데, 이 인증서에는 이름이 없습니다."
    ),
    "certificate.ending": "앞으로 {days}일 동안 유효합니다",
    "certificate.ending.do": "만료되기 전에 갱신하세요.",
    "tokens": "{count}개. 모든 클라이언트에서 쓸 수 있습니다",
    "model": "{licence}, {megabytes:.0f} MB, 모든 체크섬이 일치합니다",
    "model.absent": "모델이 없습니다(찾아본 곳: {root}).",
    "model.another": "다른 버전의 hwaja로 받은 모델입니다(위치: {root}).",
    "model.absent.do": "다음을 실행하세요: hwaja models pull {name}",
    "model.damaged": "모델을 받은 뒤에 바뀌었거나 없어진 파일이 있습니다: {files}.",
    "model.damaged.do": "{folder} 폴더를 지운 뒤 다음을 실행하세요: hwaja models pull {name}",
    "model.imported.do": "{folder} 폴더를 지운 뒤 모델을 다시 가져오세요",
    "detector": "합성 음성과 무음을 구별합니다",
    "detector.deaf": "합성 음성과 무음을 구별하지 못합니다.",
    "detector.deaf.do": "pip로 onnxruntime을 다시 설치하세요.",
    "self-test": "합성한 발화의 텍스트와 시각을 {provider}에서 정확히 인식합니다",
    "self-test.wrong": "답이 정해진 모델이 {provider}에서 다른 텍스트를 내놓았습니다.",
    "self-test.wrong.do": "sherpa-onnx를 다시 설치하거나, --provider를 바꿔 서비스하세요.",
    "self-test.off": "답이 정해진 모델의 시각이 {provider}에서 {seconds:.2f}초 어긋납니다.",
    "self-test.off.do": "sherpa-onnx를 다시 설치하세요.",
    "recogniser": (
        "{name} 모델을 불러오는 데 {load_seconds:.1f}초, {provider}에서 말소리 "
        "{speech_seconds:g}초를 인식하는 데 {answer_seconds:.2f}초가 걸립니다"
    ),
    "recogniser.do": (
        "한 사람이 말하는 속도도 따라가지 못합니다. 더 작은 --asr-model이나 다른 컴퓨터를 쓰세요."
    ),
    "interim-model": "{name} 모델을 불러오는 데 {load_seconds:.1f}초가 걸리며, 스트리밍합니다",
    "capacity.one": "대화를 한 번에 약 {count}건 감당합니다",
    "capacity.many": (
        "대화를 동시에 약 {count}건, 아무도 쉬지 않고 말하면 {pauseless}건까지 감당합니다"
    ),
    "capacity.none": "대화를 한 건도 감당하지 못합니다",
    "capacity.do": (
        "클라이언트를 {clients}개까지 받도록 설정되어 있어, 모두가 동시에 말하면 텍스트가 늦게 "
        "나옵니다. --max-connections 값을 {fitting} 이하로 줄이거나, 코어를 늘리거나, 더 작은 "
        "--asr-model을 쓰세요."
    ),
    "memory": "{total:.1f} GB 가운데 {available:.1f} GB 사용 가능",
    "memory.untold": "이 시스템에서는 메모리 크기를 알 수 없습니다.",
    "memory.needed": (
        "{total:.1f} GB 가운데 {available:.1f} GB 사용 가능, "
        "서버와 모델을 불러온 프로세스 {processes}개에 {needed:.1f} GB 필요"
    ),
    "memory.needed.do": (
        "--workers를 줄이거나 더 작은 --asr-model을 쓰세요. 다른 프로그램을 종료해도 됩니다."
    ),
    "advice": (
        "한 출처가 공개한 수치({corpora})로 보면 {name} 모델의 오류는 Whisper base의 약 "
        "{percent:.0f} %이고, 이 컴퓨터에서 {people}명이 동시에 말할 수 있습니다"
    ),
    "advice.mixed": (
        "출처가 서로 다른 수치({corpora})로 보면 {name} 모델의 오류는 Whisper base의 약 "
        "{percent:.0f} %이고, 이 컴퓨터에서 {people}명이 동시에 말할 수 있습니다"
    ),
    "advice.none": ("이 컴퓨터에 맞는 모델 가운데 {name}보다 오류가 적다고 알려진 것은 없습니다"),
    "advice.do": (
        "자세한 내용은 hwaja models advise, 직접 녹음한 말로 비교하려면 hwaja models compare를 "
        "실행하세요."
    ),
    "verdict.ready": "서비스할 준비가 되었습니다.",
    "verdict.warnings.one": "서비스할 수 있지만 경고가 {count}건 있습니다.",
    "verdict.warnings.many": "서비스할 수 있지만 경고가 {count}건 있습니다.",
    "verdict.failures.one": "아직 서비스할 수 없습니다. 문제가 {count}건 있습니다.",
    "verdict.failures.many": "아직 서비스할 수 없습니다. 문제가 {count}건 있습니다.",
    "progress.machine": "컴퓨터를 점검하는 중",
    "progress.provider": "--provider가 동작하는지 확인하는 중",
    "progress.reading": "{name} 모델의 파일을 확인하는 중",
    "progress.hearing": "합성한 소리로 시험하는 중",
    "progress.loading": "모델을 불러오는 중",
    "progress.choosing": "측정할 발화를 고르는 중",
    "progress.measuring": "측정하는 중, {seconds:.0f}초 남음",
}

STRINGS: Mapping[str, Mapping[str, str]] = {"ko": _KOREAN, "en": _ENGLISH}
