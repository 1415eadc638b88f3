"""The configuration: one frozen `Config`, filled from flags, environment and a TOML file.

Every option is defined once, as a field of `Config`. The field `max_connections`, for example, is
set by the flag `--max-connections`, the variable `HWAJA_MAX_CONNECTIONS` or the TOML key
`max_connections`. A flag overrides the environment, which overrides the file, which overrides the
default.
"""

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from hwaja.server import options as groups
from hwaja.server.config_checks import faults

ENVIRONMENT_PREFIX = "HWAJA_"


class ConfigError(Exception):
    """The configuration is invalid. The message gives the reason in one sentence."""


def _user_data_folder() -> Path | None:
    """Return the user's data folder; None where the user has no home folder, as in containers."""
    try:
        folder = user_data_path("hwaja", appauthor=False)
    except RuntimeError:
        return None
    return folder if folder.is_absolute() else None


def development_files(folder: Path, *, lan: bool = False) -> tuple[Path, Path]:
    """Return the paths of the certificate and the key in `folder`; the files may not exist.

    `--lan` has files of its own: its certificate has more names, and replacing the other one would
    take the trust from a server that runs.
    """
    name = "lan" if lan else "dev"
    return folder / f"{name}-cert.pem", folder / f"{name}-key.pem"


@dataclass(frozen=True, slots=True)
class Config:
    """The options of `hwaja serve`."""

    host: str = groups.network(
        "localhost",
        "address to listen on; with 0.0.0.0, other machines can connect",
        "연결을 받을 주소. 0.0.0.0이면 다른 컴퓨터에서도 접속 가능",
    )
    port: int = groups.network(
        8088, "TCP port; the specification requires 8088", "TCP 포트. 규격이 정한 값은 8088"
    )
    lan: bool = groups.network(
        False,
        "for phones and other devices of this network: listen on all addresses, with a development "
        "certificate unless cert is set, and with an access code unless token-file is set",
        "같은 네트워크의 휴대전화와 다른 기기용. 모든 주소에서 연결을 받고, cert가 없으면 개발용 "
        "인증서를, token-file이 없으면 접속 코드를 사용",
    )
    cert: Path | None = groups.network(None, "TLS certificate chain, PEM", "TLS 인증서 체인(PEM)")
    key: Path | None = groups.network(
        None, "private key of the certificate, PEM", "인증서의 개인 키(PEM)"
    )
    dev_cert: bool = groups.network(
        False,
        "create and keep a self-signed certificate for this machine",
        "이 컴퓨터용 자체 서명 인증서를 만들어 보관",
    )
    plain_ws: str = groups.network(
        "off",
        "plain WebSocket, for a proxy that has the certificate: off, loopback (only for this "
        "machine), or anywhere",
        "인증서를 가진 프록시를 위한 TLS 없는 WebSocket: off, loopback(이 컴퓨터만), anywhere",
    )
    hosts: str = groups.network(
        "",
        "further host names of the server, as a.example *.b.example, in addition to the names of "
        "its certificate and of this machine",
        "인증서와 이 컴퓨터의 이름 외에 서버가 쓰는 호스트 이름. 예: a.example *.b.example",
    )
    proxies: str = groups.network(
        "",
        "addresses of proxies that begin each connection with a PROXY protocol header (version 2), "
        "as 192.0.2.7 10.0.0.0/8: the limits then count the addresses of the clients",
        "연결마다 PROXY 프로토콜 헤더(버전 2)를 먼저 보내는 프록시의 주소. 예: 192.0.2.7 "
        "10.0.0.0/8. 이때 주소별 제한은 클라이언트의 주소로 계산",
    )
    data_dir: Path | None = groups.network(
        _user_data_folder(),
        "folder of the development certificate and of the ticket key",
        "개발용 인증서와 티켓 키를 둘 폴더",
    )
    token_file: Path | None = groups.access(
        None,
        "file with the tokens of clients, one per line; without it, no token is required",
        "클라이언트의 토큰을 한 줄에 하나씩 적은 파일. 없으면 토큰 없이 접속 가능",
    )
    end_revoked_sessions: bool = groups.access(
        False,
        "end the sessions of tokens that were removed from the file, on SIGHUP",
        "SIGHUP을 받으면 파일에서 지운 토큰의 세션을 종료",
    )
    origins: str = groups.access(
        "",
        "web pages of other sites that may connect, as https://a.example https://b.example; *: all "
        "pages; empty: only pages of the server's own address",
        "접속할 수 있는 다른 사이트의 웹 페이지. 예: https://a.example https://b.example. *이면 "
        "모든 페이지, 비우면 서버 주소의 페이지만",
    )
    ticket_key_file: Path | None = groups.access(
        None,
        "file with the keys of voice tickets and client tokens, one per line; the first one seals; "
        "without it, a key is created in the data folder when it is first needed",
        "목소리 티켓과 클라이언트 토큰의 키를 한 줄에 하나씩 적은 파일. 첫 키로 봉인. 없으면 처음 "
        "필요할 때 데이터 폴더에 키를 생성",
    )
    ticket_days: float = groups.access(
        30.0,
        "time in which a voice ticket can be used, in days",
        "목소리 티켓을 쓸 수 있는 기간(일)",
    )
    mask: bool = groups.access(
        False,
        "replace registration, card, account and telephone numbers in texts by asterisks",
        "텍스트의 주민등록번호, 카드 번호, 계좌 번호, 전화번호를 별표로 바꿈",
    )
    consent_file: Path | None = groups.access(
        None,
        "file with the text that the server's own page asks people to agree to before it records a "
        "voice; without it, a text of the page",
        "서버의 페이지가 목소리를 녹음하기 전에 동의를 구할 때 보여 주는 글의 파일. 없으면 "
        "페이지의 기본 글을 사용",
    )
    asr_model: str = groups.engines(
        "whisper-base",
        "speech recogniser: a name from the catalogue, or a model folder",
        "음성 인식 모델: 카탈로그의 이름 또는 모델 폴더",
    )
    interim_model: str = groups.engines(
        "",
        "streaming recogniser for interim texts beside an offline one: a name from the catalogue "
        "or a model folder; empty: the offline one makes them",
        "스트리밍이 아닌 모델을 쓸 때 중간 결과를 만드는 스트리밍 모델: 카탈로그의 이름 또는 모델 "
        "폴더. 비우면 음성 인식 모델이 만듦",
    )
    overlap_model: str = groups.engines(
        "",
        "model that extracts each enrolled voice where two speak at once, for an offline "
        "recogniser: a name from the catalogue or a model folder; empty: none does. The server "
        "then holds 3 s of each enrolment",
        "두 사람이 동시에 말할 때 등록된 목소리를 하나씩 뽑아내는 모델(스트리밍이 아닌 음성 인식 "
        "모델용): 카탈로그의 이름 또는 모델 폴더. 비우면 뽑아내지 않음. 쓰면 등록 음성을 3초씩 "
        "메모리에 보관",
    )
    language: str = groups.engines(
        "ko",
        "code of the spoken language, as the recogniser names it",
        "말하는 언어의 코드(음성 인식 모델이 쓰는 코드)",
    )
    provider: str = groups.engines(
        "auto",
        "device for inference: cpu, cuda, or auto (cuda if a trial shows that it works)",
        "추론 장치: cpu, cuda, auto(시험해 보아 cuda가 되면 cuda)",
    )
    workers: int = groups.engines(
        os.cpu_count() or 1,
        "number of inference processes; one per core is best, because each has one thread",
        "추론 프로세스의 수. 프로세스마다 스레드가 하나이므로 코어당 하나가 가장 좋음",
    )
    engines: str = groups.engines(
        "local",
        "where the inference processes run: local (on this machine), or ray (on the machines of a "
        "Ray cluster)",
        "추론 프로세스를 실행할 곳: local(이 컴퓨터) 또는 ray(Ray 클러스터의 컴퓨터)",
    )
    ray_address: str = groups.engines(
        "", "host and port of the head of the Ray cluster", "Ray 클러스터 헤드의 호스트와 포트"
    )
    engine_cpus: float = groups.engines(
        1.0,
        "cores that Ray reserves for each inference process",
        "Ray가 추론 프로세스마다 예약하는 코어의 수",
    )
    engine_gpus: float = groups.engines(
        0.0,
        "share of a GPU that Ray reserves for each inference process; 0: they run on the CPU",
        "Ray가 추론 프로세스마다 예약하는 GPU의 몫. 0이면 CPU에서 실행",
    )
    min_engines: int = groups.engines(
        1,
        "minimum number of inference processes on the Ray cluster",
        "Ray 클러스터의 추론 프로세스 최소 개수",
    )
    max_engines: int = groups.engines(
        1,
        "maximum number of inference processes on the Ray cluster; a server that is late adds some",
        "Ray 클러스터의 추론 프로세스 최대 개수. 서버의 응답이 늦어지면 늘어남",
    )
    share_engines: str = groups.engines(
        "",
        "name under which servers with the same models use the same inference processes on the Ray "
        "cluster; empty: this server has its own",
        "같은 모델을 쓰는 서버들이 Ray 클러스터의 추론 프로세스를 함께 쓰기 위한 이름. 비우면 이 "
        "서버만의 프로세스를 사용",
    )
    decoding_method: str = groups.engines(
        "greedy_search",
        "decoding method; modified_beam_search needs more processor time, and supports hotwords "
        "with transducers",
        "디코딩 방법. modified_beam_search는 프로세서를 더 쓰며 트랜스듀서에서 핫워드를 지원",
    )
    number_style: str = groups.engines(
        "digits",
        "how numbers in Korean texts are written: digits (3시 30분) or words (세 시 삼십 분)",
        "한국어 텍스트의 숫자 표기: digits(3시 30분) 또는 words(세 시 삼십 분)",
    )
    max_speakers: int = groups.speech(
        2,
        "number of voices that a client may enrol, 2 to 8; the specification has two",
        "한 클라이언트가 등록할 수 있는 목소리의 수, 2-8. 규격은 두 명",
    )
    max_enrolment_seconds: float = groups.speech(
        30.0,
        "maximum length of an enrolment, at most 30; the specification asks for 3-5",
        "등록 음성의 최대 길이, 30 이하. 규격이 요청하는 길이는 3-5초",
    )
    hangover_seconds: float = groups.speech(
        0.5,
        "pause that ends an utterance; a shorter one answers sooner, a longer one splits less",
        "발화를 끝내는 쉼의 길이. 짧으면 응답이 빠르고 길면 덜 나뉨",
    )
    max_audio_speed: float = groups.speech(
        10.0,
        "maximum speed of audio, as a multiple of real time; up to a minute may come at once",
        "오디오의 최대 속도(실시간의 배수). 1분까지는 한꺼번에 보낼 수 있음",
    )
    max_connections: int = groups.limits(
        10,
        "maximum number of clients; the specification requires 10",
        "최대 클라이언트 수. 규격은 10",
    )
    max_sessions_per_address: int = groups.limits(
        0,
        "maximum number of clients from one address (IPv6: one /64); 0: no limit; behind a proxy, "
        "all clients have the address of the proxy",
        "한 주소(IPv6는 /64 하나)의 최대 클라이언트 수. 0이면 제한 없음. 프록시 뒤에서는 모든 "
        "클라이언트의 주소가 프록시의 주소임",
    )
    max_sessions_per_token: int = groups.limits(
        0,
        "maximum number of clients with the same token of the token file; 0: no limit",
        "토큰 파일의 같은 토큰을 쓰는 최대 클라이언트 수. 0이면 제한 없음",
    )
    max_session_seconds: float = groups.limits(
        1800.0,
        "maximum length of a session; the specification's limit is 30 minutes",
        "세션의 최대 길이. 규격의 제한은 30분",
    )
    max_audio_seconds: float = groups.limits(
        600.0,
        "maximum length of a transcription; the specification's limit is 10 minutes",
        "전사의 최대 길이. 규격의 제한은 10분",
    )
    unenrolled_seconds: float = groups.limits(
        120.0,
        "time after which a client without an enrolled voice loses its slot to a new client, if "
        "the server is full",
        "서버가 가득 찼을 때 목소리를 등록하지 않은 클라이언트가 새 클라이언트에게 자리를 "
        "내주기까지의 시간",
    )
    idle_seconds: float = groups.limits(
        600.0,
        "maximum time in which a client sends nothing",
        "클라이언트가 아무것도 보내지 않고 있을 수 있는 최대 시간",
    )
    max_openings: int = groups.limits(
        256,
        "maximum number of connections without a session; one address may have half of them",
        "세션이 없는 연결의 최대 개수. 한 주소는 그 절반까지",
    )
    handshake_seconds: float = groups.limits(
        10.0, "maximum time to open a WebSocket", "WebSocket을 여는 최대 시간"
    )
    ping_seconds: float = groups.limits(
        20.0,
        "interval of pings to each client, and maximum time for the answer",
        "클라이언트마다 핑을 보내는 간격이자 응답을 기다리는 최대 시간",
    )
    resume_seconds: float = groups.limits(
        60.0,
        "time in which a client can resume its session after a lost connection, if it asked for "
        "that",
        "연결이 끊긴 클라이언트가 요청해 둔 경우 세션을 이어 갈 수 있는 시간",
    )
    max_file_jobs: int = groups.limits(
        2,
        "maximum number of files that are transcribed at once, in addition to the clients; 0: none",
        "클라이언트와 별도로 동시에 전사하는 파일의 최대 개수. 0이면 받지 않음",
    )
    max_file_seconds: float = groups.limits(
        14_400.0,
        "maximum length of the audio of a file, and maximum time for its transcription",
        "파일 오디오의 최대 길이이자 전사하는 최대 시간",
    )
    max_message_bytes: int = groups.limits(
        1 << 20,
        "maximum length of a message; the specification's have 8192 bytes",
        "메시지의 최대 길이. 규격의 메시지는 8192바이트",
    )
    max_messages_per_second: float = groups.limits(
        200.0,
        "maximum message rate; a client that sends more is slowed down; the specification has 4",
        "초당 최대 메시지 수. 더 많이 보내는 클라이언트는 느려짐. 규격은 4",
    )
    max_read_ahead_bytes: int = groups.limits(
        1 << 28,
        "maximum memory for audio that waits because it was sent faster than it is processed, for "
        "all clients together",
        "처리보다 빨리 보낸 오디오가 기다리는 데 쓰는 최대 메모리(모든 클라이언트 합계)",
    )
    node: str = groups.fleet(
        "",
        "name of this server among several behind one address, of small letters, digits and -; its "
        "session tokens begin with it, for the balancer",
        "한 주소 뒤의 여러 서버 가운데 이 서버의 이름(영문 소문자, 숫자, -). 로드 밸런서를 위해 "
        "세션 토큰이 이 이름으로 시작",
    )
    finish_seconds: float = groups.fleet(
        0.0,
        "time in which clients of a stopping node may finish that cannot go on at another one",
        "노드가 멈출 때 다른 노드에서 이어 갈 수 없는 클라이언트가 마칠 수 있는 시간",
    )
    drain_seconds: float = groups.fleet(
        10.0,
        "time for a stopping server to answer the received audio",
        "서버가 멈출 때 받은 오디오에 응답하는 시간",
    )
    peers: str = groups.fleet(
        "",
        "other servers that the server's own page may go on at, as wss://b.example:8088; they need "
        "the same ticket keys, and this server's address in their origins",
        "서버의 페이지가 이어 갈 수 있는 다른 서버. 예: wss://b.example:8088. 티켓 키가 같아야 "
        "하고, 그 서버의 origins에 이 서버의 주소가 있어야 함",
    )
    metrics_token_file: Path | None = groups.observability(
        None,
        "file with the token for /metrics; without it, /metrics is off",
        "/metrics의 토큰을 적은 파일. 없으면 /metrics를 쓰지 않음",
    )
    traces_url: str = groups.observability(
        "",
        "collector that gets OpenTelemetry traces by OTLP over HTTP, such as "
        "http://localhost:4318/v1/traces; empty: none does. Needs the extra otel",
        "OpenTelemetry 트레이스를 OTLP over HTTP로 받을 수집기. 예: "
        "http://localhost:4318/v1/traces. 비우면 보내지 않음. otel 추가 패키지가 필요",
    )
    log_format: str = groups.observability(
        "console",
        "log format: text (console), or one JSON object per line (json)",
        "로그 형식: 텍스트(console) 또는 한 줄에 JSON 객체 하나(json)",
    )

    def __post_init__(self) -> None:
        """Check the values that can be checked without files or network."""
        for fault in faults(self):
            raise ConfigError(f"{fault}.")

    @property
    def certificate_folder(self) -> Path:
        """The folder of the development certificate.

        Raises:
            ConfigError: where no folder is configured and the user has no home folder.

        """
        if self.data_dir is None:
            raise ConfigError(
                "This user has no home folder for the development certificate: set HWAJA_DATA_DIR."
            )
        return self.data_dir

    @property
    def first_workers(self) -> int:
        """Number of inference processes that the server starts with."""
        return self.workers if self.engines == "local" else self.min_engines


def options() -> tuple[dataclasses.Field[Any], ...]:
    """Return the fields of `Config`, each with its `group` and `description`."""
    return dataclasses.fields(Config)
