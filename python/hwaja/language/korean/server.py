"""What the server says of its options, files, models and network before it starts."""

SENTENCES = {
    # server/config_sources.py
    "{source} sets {name}, which is not an option.": (
        "{source}에서 설정한 {name}은(는) 없는 옵션입니다."
    ),
    "{source} sets {name} to {value}, which is not a valid value.": (
        "{source}에서 설정한 {name}의 값 {value}은(는) 올바르지 않습니다."
    ),
    "{file} is not TOML: {reason}.": "{file} 파일은 TOML이 아닙니다({reason}).",
    # server/config_checks.py
    "{name} must be between {least} and {most}.": (
        "{name}의 값은 {least}에서 {most} 사이여야 합니다."
    ),
    "{name} must be at least {least}.": "{name}의 값은 {least} 이상이어야 합니다.",
    "{name} must be at least {least}, and at most max_engines.": (
        "{name}의 값은 {least} 이상, max_engines 이하여야 합니다."
    ),
    "{name} must be above 0.": "{name}의 값은 0보다 커야 합니다.",
    "{name} must be above 0, and at most {most}.": (
        "{name}의 값은 0보다 크고 {most} 이하여야 합니다."
    ),
    "{name} must not be negative.": "{name}의 값은 0보다 작을 수 없습니다.",
    "{name} must be {one} or {other}.": "{name}의 값은 {one} 또는 {other}이어야 합니다.",
    "{name} must be {one}, {two} or {three}.": (
        "{name}의 값은 {one}, {two}, {three} 가운데 하나여야 합니다."
    ),
    "node must have at most 32 small letters, digits and -, and begin with a letter.": (
        "node의 값은 영문 소문자로 시작하고 영문 소문자, 숫자, -로 이루어진 32자 이내여야 합니다."
    ),
    "share_engines must be at most 32 of a-z, 0-9 and hyphens, with a letter first.": (
        "share_engines의 값은 영문 소문자로 시작하고 a-z, 0-9, -로 이루어진 32자 이내여야 합니다."
    ),
    "finish_seconds needs a node.": "finish_seconds는 node와 함께 설정하세요.",
    "traces_url must begin with http:// or https://.": (
        "traces_url은 http://나 https://로 시작해야 합니다."
    ),
    "cert and key must be set together.": "cert와 key는 함께 설정하세요.",
    "dev_cert and cert cannot both be set.": "dev_cert와 cert는 함께 설정할 수 없습니다.",
    "engines=ray needs ray_address, and only engines=ray has one.": (
        "ray_address는 engines=ray일 때만, 그리고 반드시 설정하세요."
    ),
    "ray_address must be a host and a port, as 192.0.2.7:6379; the Ray client (ray://) would store "
    "audio on its way.": (
        "ray_address는 192.0.2.7:6379처럼 호스트와 포트여야 합니다. Ray 클라이언트(ray://)를 쓰면 "
        "전달 과정에서 오디오가 저장됩니다."
    ),
    "provider is for engines=local: with engines=ray, engine_gpus says whether it is cuda.": (
        "provider는 engines=local일 때 씁니다. engines=ray일 때는 engine_gpus에 따라 cuda를 쓸지 "
        "정해집니다."
    ),
    "share_engines is for engines=ray.": "share_engines는 engines=ray일 때 씁니다.",
    "lan needs TLS, so plain_ws must be off.": (
        "lan에는 TLS가 필요하므로 plain_ws는 off여야 합니다."
    ),
    "plain_ws serves without TLS, so it cannot be set together with a certificate.": (
        "plain_ws는 TLS 없이 서비스하므로 인증서와 함께 설정할 수 없습니다."
    ),
    "plain_ws=loopback serves only this machine, but host is {host}: set host to localhost, or set "
    "plain_ws=anywhere if the network to the proxy is trusted.": (
        "plain_ws=loopback은 이 컴퓨터에만 서비스하는데 host가 {host}입니다. host를 localhost로 "
        "하거나, 프록시까지의 네트워크를 믿을 수 있으면 plain_ws=anywhere로 설정하세요."
    ),
    "{name}: {value} is not {kind}; write it as {example}.": (
        "{name}: {value}은(는) {kind}의 형식이 아닙니다. {example}처럼 쓰세요."
    ),
    "This user has no home folder for the development certificate: set HWAJA_DATA_DIR.": (
        "이 사용자에게는 개발용 인증서를 둘 홈 폴더가 없습니다. HWAJA_DATA_DIR을 설정하세요."
    ),
    # Certificates, tokens and other files
    "TLS needs --cert and --key. For a trial, --dev-cert makes a certificate.": (
        "TLS에는 --cert와 --key가 필요합니다. 시험용이라면 --dev-cert가 인증서를 만들어 줍니다."
    ),
    "The certificate {file} cannot be read.": "인증서 {file}을(를) 읽을 수 없습니다.",
    "{cert} and {key} are not a certificate and its private key.": (
        "{cert}와(과) {key}은(는) 서로 맞는 인증서와 개인 키가 아닙니다."
    ),
    "The file {file} does not exist.": "{file} 파일이 없습니다.",
    "The file {file} cannot be read: {reason}.": "{file} 파일을 읽을 수 없습니다({reason}).",
    "The file {file} {fault}: see docs/deployment.md.": (
        "{file} 파일은 {fault} 안전하지 않습니다. docs/ko/deployment.md를 보세요."
    ),
    "{file} {fault} and is not safe to use: see docs/deployment.md.": (
        "{file} 파일은 {fault} 안전하지 않습니다. docs/ko/deployment.md를 보세요."
    ),
    "The folder {folder} {fault}: set another one with --data-dir.": (
        "{folder} 폴더는 {fault} 안전하지 않습니다. --data-dir로 다른 폴더를 지정하세요."
    ),
    "The folder {folder} {fault}: set another one with HWAJA_CACHE.": (
        "{folder} 폴더는 {fault} 안전하지 않습니다. HWAJA_CACHE로 다른 폴더를 지정하세요."
    ),
    "The development certificate cannot be saved in {folder}: {reason}.": (
        "개발용 인증서를 {folder} 폴더에 저장할 수 없습니다({reason})."
    ),
    "{file} must contain only tokens, one per line, each of at least {least} {characters}: "
    "browsers cannot send / or =; `openssl rand -hex 32` makes a token.": (
        "{file} 파일에는 {least}자 이상의 토큰만 한 줄에 하나씩 쓰세요. 쓸 수 있는 글자는 "
        "{characters}입니다. 브라우저는 /와 =를 보낼 수 없습니다. `openssl rand -hex 32`로 토큰을 "
        "만들 수 있습니다."
    ),
    "{file} must begin with a token or an access code: {characters}.": (
        "{file} 파일의 첫 줄은 토큰이나 접속 코드여야 합니다. 쓸 수 있는 글자: {characters}."
    ),
    "{file} must contain only keys, one per line, each of {count} hexadecimal digits; "
    "`openssl rand -hex 32` makes a key.": (
        "{file} 파일에는 16진수 {count}자리의 키만 한 줄에 하나씩 쓰세요. `openssl rand -hex 32`로 "
        "키를 만들 수 있습니다."
    ),
    "{file} must have 1 to {most} characters, and has {count}.": (
        "{file} 파일은 1자에서 {most}자까지여야 하는데 {count}자입니다."
    ),
    "{file} must be text in UTF-8.": "{file} 파일은 UTF-8 텍스트여야 합니다.",
    # Models
    "This user has no home folder for models: set HWAJA_CACHE to a folder.": (
        "이 사용자에게는 모델을 둘 홈 폴더가 없습니다. HWAJA_CACHE에 폴더를 설정하세요."
    ),
    "There is no space left in {root} for {name}.": "{root}에 {name} 모델을 둘 공간이 없습니다.",
    "{root} is not writable ({reason}).": "{root} 폴더에 쓸 수 없습니다({reason}).",
    "This user has no data folder.": "이 사용자에게는 데이터 폴더가 없습니다.",
    "There is no model {name}. See: {command}": (
        "{name} 모델은 없습니다. 다음을 실행해 보세요: {command}"
    ),
    "There is no model {name}. Did you mean {guess}? See: {command}": (
        "{name} 모델은 없습니다. 혹시 {guess}인가요? 다음을 실행해 보세요: {command}"
    ),
    "The model {name} is not in {root}; run: {command}": (
        "{name} 모델이 {root} 폴더에 없습니다. 다음을 실행하세요: {command}"
    ),
    "The model {name} has changed since it was {kept} ({files}); delete {folder} and {again}": (
        "{name} 모델의 파일이 {kept} 뒤에 바뀌었습니다({files}). {folder} 폴더를 지우고 {again}"
    ),
    "The model of the voices has changed: restart the server.": (
        "목소리 모델이 바뀌었습니다. 서버를 다시 시작하세요."
    ),
    "The new model needs about {needed} GB beside the running one, and {available} GB are "
    "available.": (
        "새 모델에는 실행 중인 모델과 별도로 약 {needed} GB가 필요한데 "
        "{available} GB만 쓸 수 있습니다."
    ),
    # Starting
    "Cannot listen on {host}: it is not a host name.": (
        "{host}은(는) 호스트 이름이 아니어서 연결을 받을 수 없습니다."
    ),
    "Cannot listen on {address}: {reason}.": "{address}에서 연결을 받을 수 없습니다({reason}).",
    "traces_url needs OpenTelemetry: {command}.": (
        "traces_url에는 OpenTelemetry가 필요합니다. 다음을 실행하세요: {command}"
    ),
    "A worker cannot be started: {reason}.": "작업 프로세스를 시작할 수 없습니다({reason}).",
    "The engine has not loaded within {seconds} s.": (
        "엔진이 {seconds}초 안에 모델을 불러오지 못했습니다."
    ),
    "The engine ends while it loads {models}; a file may be damaged.": (
        "{models}을(를) 불러오는 중에 엔진이 끝났습니다. 파일이 손상되었을 수 있습니다."
    ),
    "{folder} is no streaming model: interim_model must be one.": (
        "{folder}은(는) 스트리밍 모델이 아닙니다. interim_model에는 스트리밍 모델을 지정하세요."
    ),
    "overlap_model needs a recogniser of whole utterances, not a stream.": (
        "overlap_model에는 스트리밍이 아닌 발화 단위 음성 인식 모델이 필요합니다."
    ),
    # workers/transport
    "The model {place} on the machine {machine} of an engine is not that of the server.": (
        "엔진이 있는 컴퓨터 {machine}의 모델 {place}이(가) 서버의 모델과 다릅니다."
    ),
    "The machine {machine} of an engine has no model {place} ({reason}).": (
        "엔진이 있는 컴퓨터 {machine}에 모델 {place}이(가) 없습니다({reason})."
    ),
    "Ray cannot start an engine ({kind}): is its machine there, with the same hwaja?": (
        "Ray로 엔진을 시작할 수 없습니다({kind}). 그 컴퓨터가 켜져 있고 hwaja 버전이 같은지 "
        "확인하세요."
    ),
    "The machine of an engine has hwaja {version}, the server {own}.": (
        "엔진이 있는 컴퓨터의 hwaja는 {version}, 서버의 hwaja는 {own} 버전입니다."
    ),
    "Ray is not installed; install hwaja[ray].": (
        "Ray가 설치되어 있지 않습니다. hwaja[ray]를 설치하세요."
    ),
    "The Ray cluster at {address} cannot be joined ({kind}): does Ray run on this machine too, "
    "with the same versions of Ray and Python?": (
        "{address}의 Ray 클러스터에 들어갈 수 없습니다({kind}). 이 컴퓨터에서도 같은 버전의 Ray와 "
        "Python으로 Ray가 실행 중인지 확인하세요."
    ),
    "No Ray cluster answers at {address} ({kind}).": (
        "{address}에서 응답하는 Ray 클러스터가 없습니다({kind})."
    ),
    "A shared engine ends as soon as it is started.": "공유 엔진이 시작하자마자 끝납니다.",
}
