"""Everything that the doctor says, in both languages. `{name}` is filled in.

A key begins with the name of the finding that it belongs to; what to do about it ends with `.do`.
"""

from collections.abc import Mapping

_ENGLISH = {
    "raised": "{error}",
    "broken": "The check itself failed ({kind}).",
    "python": "{implementation} {version}",
    "python.untested": "hwaja is tested on CPython only.",
    "libraries": "{told}, onnxruntime {onnxruntime} ({below_sherpa} below sherpa-onnx)",
    "libraries.missing": "Not installed: {names}.",
    "libraries.missing.do": "Install hwaja again with pip.",
    "libraries.sherpa": "sherpa-onnx {version} cannot be imported.",
    "libraries.sherpa.do": "Install it again with pip.",
    "provider": "{running} ({asked} was asked for)",
    "provider.seen": (
        "{running} ({asked} was asked for), on onnxruntime {onnxruntime}; "
        "the GPU was seen to compute"
    ),
    "provider.reason": "{running} ({asked} was asked for); not cuda: {reason}",
    "cpu": "{model}, {cores:g} usable cores, {flags}",
    "cpu.slow.do": "Without AVX2 recognition is several times slower; use another machine.",
    "cpu.workers.do": ("There are {workers} workers, each for one core; use --workers {fitting}."),
    "certificate": "for {names}; valid for {days} more days",
    "certificate.none": "None is configured, and without one the server does not start.",
    "certificate.none.do": (
        "Give --cert and --key; --dev-cert makes a certificate for trying things out."
    ),
    "certificate.loopback": (
        "None is needed: without TLS the server is for a proxy on this machine."
    ),
    "certificate.anywhere": "None is used: the server will answer other machines without TLS.",
    "certificate.anywhere.do": "See that nobody but your proxy reaches its port.",
    "certificate.development": (
        "A development certificate will be made in {folder} when the server starts"
    ),
    "certificate.early": "It is valid only from {begins} on.",
    "certificate.early.do": "Set the clock, or wait.",
    "certificate.expired": "It expired on {ended}.",
    "certificate.expired.do": "Get a new one.",
    "certificate.unnamed": (
        "It does not name {host}, where the server listens; valid for {days} more days"
    ),
    "certificate.unnamed.do": "Clients reach it only by one of its names: {names}.",
    "certificate.nameless.do": "Clients reach it only by one of its names: it has none.",
    "certificate.ending": "valid for {days} more days",
    "certificate.ending.do": "Renew it in time.",
    "tokens": "{count}, which every client can send",
    "model": "{licence}, {megabytes:.0f} MB, every checksum right",
    "model.absent": "It is not there (looked for in {root}).",
    "model.another": "It was pulled by another version (looked for in {root}).",
    "model.absent.do": "Run: hwaja models pull {name}",
    "model.damaged": "Not as it was pulled: {files}.",
    "model.damaged.do": "Delete the folder {folder}, then run: hwaja models pull {name}",
    "detector": "tells generated speech from silence",
    "detector.deaf": "It does not tell generated speech from silence.",
    "detector.deaf.do": "Install onnxruntime again with pip.",
    "self-test": "a generated utterance is heard right on {provider}, in text and time",
    "self-test.wrong": "A model of known answers wrote something else on {provider}.",
    "self-test.wrong.do": "Install sherpa-onnx again, or serve with another --provider.",
    "self-test.off": "A model of known answers is {seconds:.2f} s off in time on {provider}.",
    "self-test.off.do": "Install sherpa-onnx again.",
    "recogniser": (
        "{name} loads in {load_seconds:.1f} s and answers {speech_seconds:g} s of speech "
        "in {answer_seconds:.2f} s on {provider}"
    ),
    "recogniser.do": (
        "It does not keep up with one speaker; use a smaller --asr-model or another machine."
    ),
    "capacity.one": "about {count} person speaking at the same time, without a pause",
    "capacity.many": "about {count} people speaking at the same time, without a pause",
    "capacity.none": "less than one person who speaks without a pause",
    "capacity.do": (
        "{clients} clients are let in: if all of them spoke at once, their texts would come late. "
        "Use --max-connections {fitting}, more cores, or a smaller --asr-model."
    ),
    "memory": "{available:.1f} GB available of {total:.1f} GB",
    "memory.untold": "How much memory there is, this system does not tell.",
    "memory.needed": (
        "{available:.1f} GB available of {total:.1f} GB; {needed:.1f} GB needed by the server "
        "and {processes} processes with the models"
    ),
    "memory.needed.do": (
        "Serve with fewer --workers or a smaller --asr-model, or end other programs."
    ),
    "verdict.ready": "Ready to serve.",
    "verdict.warnings.one": "Ready to serve, with {count} warning.",
    "verdict.warnings.many": "Ready to serve, with {count} warnings.",
    "verdict.failures.one": "Not ready to serve: {count} failure.",
    "verdict.failures.many": "Not ready to serve: {count} failures.",
    "progress.machine": "looking at the machine",
    "progress.provider": "trying the provider",
    "progress.reading": "reading {name}",
    "progress.hearing": "hearing",
    "progress.loading": "loading the models",
    "progress.choosing": "choosing utterances",
    "progress.measuring": "measuring for {seconds:.0f} s more",
}

_KOREAN = {
    "raised": "{error}",
    "broken": "점검하는 중에 오류가 났습니다({kind}).",
    "python": "{implementation} {version}",
    "python.untested": "hwaja는 CPython에서만 테스트했습니다.",
    "libraries": "{told}, onnxruntime {onnxruntime}(sherpa-onnx 안에서는 {below_sherpa})",
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
    "certificate": "이름: {names}. {days}일 더 유효합니다",
    "certificate.none": "설정된 인증서가 없습니다. 인증서 없이는 서버가 시작되지 않습니다.",
    "certificate.none.do": (
        "--cert와 --key를 지정하세요. 시험해 볼 때는 --dev-cert로 인증서를 만들 수 있습니다."
    ),
    "certificate.loopback": (
        "필요하지 않습니다. TLS 없이 이 컴퓨터의 프록시에만 서비스하는 설정입니다."
    ),
    "certificate.anywhere": "쓰지 않습니다. 서버가 다른 컴퓨터에도 TLS 없이 응답합니다.",
    "certificate.anywhere.do": "서버의 포트에 프록시만 접속할 수 있는지 확인하세요.",
    "certificate.development": "서버를 시작하면 개발용 인증서를 만듭니다. 위치: {folder}",
    "certificate.early": "{begins}부터 유효한 인증서입니다.",
    "certificate.early.do": "컴퓨터의 시계를 맞추거나, 그때까지 기다리세요.",
    "certificate.expired": "{ended}에 만료되었습니다.",
    "certificate.expired.do": "새 인증서를 발급받으세요.",
    "certificate.unnamed": (
        "서버가 연결을 받는 주소({host})가 인증서에 없습니다. {days}일 더 유효합니다"
    ),
    "certificate.unnamed.do": "클라이언트는 인증서에 있는 이름으로만 접속할 수 있습니다: {names}.",
    "certificate.nameless.do": (
        "클라이언트는 인증서에 있는 이름으로만 접속할 수 있는데, 이 인증서에는 이름이 없습니다."
    ),
    "certificate.ending": "{days}일 더 유효합니다",
    "certificate.ending.do": "만료되기 전에 갱신하세요.",
    "tokens": "{count}개. 모든 클라이언트에서 쓸 수 있습니다",
    "model": "{licence}, {megabytes:.0f} MB, 모든 체크섬이 일치합니다",
    "model.absent": "모델이 없습니다(찾아본 곳: {root}).",
    "model.another": "다른 버전의 hwaja로 받은 모델입니다(찾아본 곳: {root}).",
    "model.absent.do": "다음을 실행하세요: hwaja models pull {name}",
    "model.damaged": "처음 받은 상태와 다릅니다: {files}.",
    "model.damaged.do": "{folder} 폴더를 지운 뒤 다음을 실행하세요: hwaja models pull {name}",
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
    "capacity.one": "쉬지 않고 말하는 사람을 동시에 약 {count}명까지 처리합니다",
    "capacity.many": "쉬지 않고 말하는 사람을 동시에 약 {count}명까지 처리합니다",
    "capacity.none": "쉬지 않고 말하는 사람을 한 명도 처리하지 못합니다",
    "capacity.do": (
        "클라이언트를 {clients}개까지 받는 설정이라, 모두가 동시에 말하면 텍스트가 늦게 나옵니다. "
        "--max-connections 값을 {fitting} 이하로 줄이거나, 코어를 늘리거나, "
        "더 작은 --asr-model을 쓰세요."
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
    "verdict.ready": "서비스할 준비가 되었습니다.",
    "verdict.warnings.one": "서비스할 수 있지만 경고가 {count}건 있습니다.",
    "verdict.warnings.many": "서비스할 수 있지만 경고가 {count}건 있습니다.",
    "verdict.failures.one": "아직 서비스할 수 없습니다. 문제가 {count}건 있습니다.",
    "verdict.failures.many": "아직 서비스할 수 없습니다. 문제가 {count}건 있습니다.",
    "progress.machine": "컴퓨터를 살펴보는 중",
    "progress.provider": "GPU를 쓸 수 있는지 확인하는 중",
    "progress.reading": "{name} 모델을 읽는 중",
    "progress.hearing": "합성한 소리를 듣는 중",
    "progress.loading": "모델을 불러오는 중",
    "progress.choosing": "측정할 발화를 고르는 중",
    "progress.measuring": "측정하는 중, {seconds:.0f}초 남음",
}

STRINGS: Mapping[str, Mapping[str, str]] = {"ko": _KOREAN, "en": _ENGLISH}
