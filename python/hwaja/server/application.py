"""Starts the server's models, workers, speech detector and socket, and stops them again."""

import asyncio
import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import structlog

from hwaja.audio import opus
from hwaja.engines.interface import EngineError
from hwaja.engines.providers import Provider, resolve
from hwaja.models import entry, locate
from hwaja.observability.metrics import Metrics
from hwaja.privacy.cycle_collection import settle
from hwaja.privacy.error_redaction import log_uncaught_in_loop
from hwaja.process.supervision import Escalate
from hwaja.protocol.audio import AudioEncoding
from hwaja.server.access.access_code import AccessCode, new_access_code
from hwaja.server.access.access_policy import AccessPolicy
from hwaja.server.access.bearer import Tokens
from hwaja.server.access.client_tokens import ClientTokens
from hwaja.server.access.sealing_keys import SealingKeys
from hwaja.server.config import Config, ConfigError
from hwaja.server.http.origins import hosts_of, origins_of
from hwaja.server.http.pages import Pages
from hwaja.server.model_changes import Model
from hwaja.server.network.certificate import own_names
from hwaja.server.network.certificate_expiry import ExpiryWatch
from hwaja.server.network.tls import ServerTls, server_tls
from hwaja.server.recogniser import RunningRecogniser
from hwaja.server.reloading import reload_on_hangup
from hwaja.server.server import Server
from hwaja.server.services import Services, SessionObserver
from hwaja.server.stopping import StopSignals
from hwaja.session.settings import SessionSettings
from hwaja.speakers.voice_tickets import DAY_SECONDS, VoiceTickets
from hwaja.speakers.voices import Cohort
from hwaja.text.numbers import NumberStyle
from hwaja.vad.gate import GateSettings
from hwaja.vad.silero import Detection, SileroDetector
from hwaja.workers.transport import wire
from hwaja.workers.transport.model_origin import with_origin
from hwaja.workers.transport.ray_engines import RayEngines
from hwaja.workers.transport.shared_engines import SharedEngines
from hwaja.workers.transport.worker_link import SpawnFor

# Names in the model catalogue.
_DETECTOR, _EMBEDDER, _SEGMENTER = "silero-vad", "campplus", "pyannote-segmentation"

_log = structlog.get_logger("hwaja.server.application")


@dataclass(frozen=True, slots=True)
class Serving:
    """What a server is that takes clients."""

    host: str
    """Where it listens, as configured."""
    port: int
    has_tls: bool
    provider: str
    """The device that it computes on, "cpu" or "cuda"."""
    access_code: str | None = None
    """What clients of this network need to connect. None: there is none, or there are tokens."""

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"{'wss' if self.has_tls else 'ws'}://{_authority(self.host, self.port)}"

    @property
    def page(self) -> str:
        """The address for a browser on this machine."""
        host = "localhost" if self.host in ("", "0.0.0.0", "::") else self.host  # noqa: S104
        return f"{'https' if self.has_tls else 'http'}://{_authority(host, self.port)}/"


async def run(
    config: Config,
    read_again: Callable[[], Config] | None = None,
    on_serving: Callable[[Serving], None] | None = None,
) -> int:
    """Serve until SIGINT or SIGTERM; a signal during the start ends the process at once.

    Args:
        config: the configuration.
        read_again: reads the configuration again on SIGHUP, for another recogniser. Raises
            ConfigError. None: it stays the same.
        on_serving: called once the server takes clients.

    Returns:
        The exit code. It is not 0 where only a new process can serve again (`supervision.py`).

    Raises:
        ConfigError, EngineError, ModelError, TlsError: where the server cannot start. The message
            gives the reason in one sentence.

    """
    log_uncaught_in_loop()
    signals = StopSignals()  # before the slow steps, and before the readiness notice
    async with AsyncExitStack() as stack:
        read_config = read_again or (lambda: config)
        starting = _started(config, read_config, stack, signals.give_up)
        started = await signals.unless_stopped(starting)
        if started is not None:
            server, serving = started
            if on_serving is not None:
                on_serving(serving)
            await signals.stop.wait()
            await server.stop(hurry=signals.hurry)
    _log.info("stopped")
    return signals.exit_code


async def _started(
    config: Config, read_config: Callable[[], Config], stack: AsyncExitStack, escalate: Escalate
) -> tuple[Server, Serving]:
    """Return a running server; closing `stack` ends its workers, detector and tasks."""
    observers = _tracing(config, stack)
    tls = server_tls(config)
    access_code = new_access_code() if config.lan and config.token_file is None else None
    tokens = _tokens(config.token_file) if access_code is None else AccessCode(access_code)
    metrics_tokens = _tokens(config.metrics_token_file)
    keys = SealingKeys(config.ticket_key_file, config.data_dir)
    kept = {
        "certificate": tls,
        "tokens": tokens,
        "metrics tokens": metrics_tokens,
        "ticket keys": keys,
    }
    hangup = asyncio.Event()
    reloads = {name: each.reload for name, each in kept.items() if each is not None}
    reload_on_hangup(reloads, hangup.set)
    policy = AccessPolicy(tokens, _pages(config, tls), ClientTokens(lambda: keys.ring))
    metrics = Metrics()
    detector = SileroDetector(detector_file())
    provider = await provider_of(config)
    recogniser = RunningRecogniser(
        config,
        read_config,
        lambda config: model_of(config, provider.running),
        hangup,
        metrics,
        escalate,
        await spawn_of(config, stack),
    )
    stack.push_async_callback(recogniser.close)
    await recogniser.start()
    generations = recogniser.generations
    settings = SessionSettings(
        gate=GateSettings(hangover_seconds=config.hangover_seconds),
        abilities=lambda: generations.abilities,
        encodings=encodings(),
        max_speakers=config.max_speakers,
        max_enrolment_seconds=config.max_enrolment_seconds,
        max_audio_seconds=config.max_audio_seconds,
    )
    detection = Detection(detector, metrics.detector_called)
    tickets = VoiceTickets(lambda: keys.ring, embedder_id(), config.ticket_days * DAY_SECONDS)
    services = Services(
        generations,
        detection,
        Cohort.load(),
        settings,
        metrics,
        tickets=tickets,
        observers=observers,
    )
    server = Server(services, config, policy, metrics_tokens, escalate)
    port = await _listen(server, config, tls)
    serving = Serving(config.host, port, tls is not None, provider.running, access_code)
    _log.info(
        "serving",
        url=serving.url,
        workers=generations.current.pool.workers,
        provider=provider.running,
        **{"reason": provider.reason} if provider.reason else {},
    )
    if tls is None:
        _log.warning("without TLS, anyone on the way can listen", plain_ws=config.plain_ws)
    else:
        stack.enter_context(_expiry_watched(tls, metrics))
    settle()
    return server, serving


def _tracing(config: Config, stack: AsyncExitStack) -> tuple[Callable[[str], SessionObserver], ...]:
    """Return what begins a trace per session, if there is a collector, until `stack` is closed."""
    if not config.traces_url:
        return ()
    try:  # its library is not installed everywhere
        from hwaja.observability.session_traces import exporting
    except ImportError:
        raise ConfigError('traces_url needs OpenTelemetry: pip install "hwaja[otel]".') from None
    return (stack.enter_context(exporting(config.traces_url, config.node)),)


async def provider_of(config: Config) -> Provider:
    """Return the device of the workers.

    Raises:
        EngineError, ModelError: where it cannot be used; the message gives the reason.

    """
    if config.engines == "ray":  # they try it out themselves
        return Provider(config.provider, "cuda" if config.engine_gpus else "cpu", None, "")
    return await resolve(config.provider, embedder_file())


async def spawn_of(config: Config, stack: AsyncExitStack) -> SpawnFor | None:
    """Join the Ray cluster, until `stack` is closed. Return what starts workers; None: no Ray.

    Raises:
        EngineError: where the cluster cannot be joined; the message gives the reason.

    """
    if config.engines == "local":
        return None
    engines = RayEngines(config.ray_address, config.engine_cpus, config.engine_gpus)
    await engines.connect()
    stack.push_async_callback(engines.close)
    name = config.share_engines
    if name:
        return lambda setup: SharedEngines(engines, name, setup).spawn
    return lambda _: engines.spawn


def _expiry_watched(tls: ServerTls, metrics: Metrics) -> AbstractContextManager[None]:
    """Return a context manager that logs and measures the certificate's expiry while it is open."""
    metrics.watch_certificate(lambda: tls.expires)
    watch = ExpiryWatch(lambda: tls.expires)
    tls.on_reload = watch.check
    return watch.running()


async def _listen(server: Server, config: Config, tls: ServerTls | None) -> int:
    """Open the server's listening sockets; return the port."""
    try:
        return await server.start(config.host, config.port, tls.context if tls else None)
    except UnicodeError:
        raise EngineError(f"Cannot listen on {config.host}: it is not a host name.") from None
    except (OSError, RuntimeError) as error:  # RuntimeError: Python could not start a thread
        reason = _reason(error) if isinstance(error, OSError) else str(error)
        address = _authority(config.host, config.port)
        raise EngineError(f"Cannot listen on {address}: {reason}.") from error


def _reason(error: OSError) -> str:
    """Return the system's message for an error, since asyncio rewords it.

    `socket.gaierror` has error numbers of its own.
    """
    number = error.errno or 0
    return os.strerror(number) if number > 0 else error.strerror or type(error).__name__


def _authority(host: str, port: int) -> str:
    """Return host and port in the form of a URL (RFC 3986): an IPv6 address stands in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _pages(config: Config, tls: ServerTls | None) -> Pages:
    """Return the web pages that may connect.

    The names of the certificate are read at each request, since a reload can replace it.
    """
    known = hosts_of(config.hosts) | {each.lower() for each in (config.host, *own_names())}

    def names() -> Iterable[str]:
        return known.union(each.lower() for each in tls.names) if tls else known

    return Pages(origins_of(config.origins), names, has_tls=tls is not None)


def _tokens(file: Path | None) -> Tokens | None:
    return None if file is None else Tokens(file)


def encodings() -> frozenset[AudioEncoding]:
    """Return how audio may be encoded with the packages that are installed."""
    missing = () if opus.is_installed() else (AudioEncoding.OPUS,)
    return frozenset(AudioEncoding).difference(missing)


def worker_setup(config: Config, provider: str) -> wire.Setup:
    """Return the models that every worker loads to run on `provider`, "cpu" or "cuda".

    Where `asr_model` is a folder, the recogniser is loaded from it. Otherwise it is a pulled model.
    """
    setup = wire.Setup(
        recogniser_dir=_recogniser_dir(config.asr_model),
        voices=voice_models(),
        language=config.language,
        decoding_method=config.decoding_method,
        provider=provider,
        writing=wire.Writing(NumberStyle(config.number_style), config.mask),
        extractor_dir=_recogniser_dir(config.overlap_model) if config.overlap_model else None,
    )
    return setup if config.engines == "local" else with_origin(setup)


def model_of(config: Config, provider: str) -> Model:
    """Return the recogniser of a configuration, with its files as they are now.

    Raises:
        ModelError: where a model was not pulled.

    """
    interims = interim_setup(config, provider) if config.interim_model else None
    return Model.of(config.asr_model, worker_setup(config, provider), interims)


def interim_setup(config: Config, provider: str) -> wire.Setup:
    """Return what the worker of `interim_model` loads; the configuration must have one.

    It runs on the server's machine, on `provider` if the other workers do so too.
    """
    # Greedy: each family can, and an interim text is soon replaced.
    return wire.Setup(
        recogniser_dir=_recogniser_dir(config.interim_model),
        voices=None,
        language=config.language,
        provider=provider if config.engines == "local" else "cpu",
        writing=wire.Writing(NumberStyle(config.number_style), config.mask),
    )


def _recogniser_dir(model: str) -> str:
    """Return the real path of a folder, or of a pulled model of the catalogue.

    Real: a worker that starts again must load the same, also if a link was changed since.
    """
    name = _catalogue_name(model)
    return str((_folder(model) if name is None else locate(name)).resolve())


def voice_models() -> wire.VoiceModels:
    """Return the speaker embedding model and the speaker segmentation model.

    Raises:
        ModelError: where a model was not pulled.

    """
    return wire.VoiceModels(str(embedder_file()), str(segmenter_file()))


def model_names(config: Config) -> tuple[str, ...]:
    """Return the names of the catalogue's models that the server needs."""
    chosen = (config.asr_model, config.interim_model, config.overlap_model)
    names = [name for each in chosen if each and (name := _catalogue_name(each)) is not None]
    return (_DETECTOR, _EMBEDDER, _SEGMENTER, *dict.fromkeys(names))


def detector_file() -> Path:
    """Return the file of the speech detection model.

    Raises:
        ModelError: where the model was not pulled.

    """
    return locate(_DETECTOR) / "silero_vad.onnx"


def embedder_file() -> Path:
    """Return the file of the speaker embedding model.

    Raises:
        ModelError: where the model was not pulled.

    """
    return locate(_EMBEDDER) / "campplus.onnx"


def embedder_id() -> str:
    """Return a name of the speaker embedding model that is the same on every server with it."""
    return f"{_EMBEDDER}-{entry(_EMBEDDER).format}"


def segmenter_file() -> Path:
    """Return the file of the speaker segmentation model.

    Raises:
        ModelError: where the model was not pulled.

    """
    return locate(_SEGMENTER) / "segmentation.onnx"


def _catalogue_name(model: str) -> str | None:
    """Return a recogniser's name in the catalogue; None where it is a folder."""
    return None if _folder(model).is_dir() else model


def _folder(name: str) -> Path:
    return Path(os.path.expanduser(name))  # noqa: PTH111  # Path's fails where there is no home
