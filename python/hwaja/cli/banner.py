"""What `hwaja serve` tells a person: that it serves and what comes next, or why it cannot start."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO

from rich.cells import cell_len

from hwaja import __version__
from hwaja.cli.strings import say
from hwaja.doctor.report import without_home
from hwaja.language import Language
from hwaja.models.advice import BASELINE, CONVERSATIONS_PER_CORE, without_pauses
from hwaja.server.application import Serving
from hwaja.server.config import Config, development_files
from hwaja.server.network.certificate import network_addresses, own_names
from hwaja.server.preflight import Problem


def ready(config: Config, serving: Serving, language: Language) -> str:
    """Return what is printed when the server takes clients."""
    rows = {
        "address": serving.page if config.plain_ws == "off" else serving.url,
        "model": say(language, "banner.model.is", model=config.asr_model, language=config.language),
        "device": say(
            language, "banner.device.is", provider=serving.provider, workers=config.workers
        ),
        "capacity": _capacity(config, serving, language),
        "certificate": _certificate(config, language),
    }
    further: list[str] = []
    if config.lan:
        link = _link(serving)
        rows["phones"] = link.partition("#")[0]
        if serving.access_code is not None:
            rows["code"] = serving.access_code
        further = ["", say(language, "banner.scan"), _qr_code(link)]
    rows["next"] = _next(config, serving, language)
    names = {key: say(language, f"banner.{key}") for key in rows}
    width = max(map(cell_len, names.values()))
    lines = [
        f"  {name}{' ' * (width - cell_len(name))}  {rows[key]}" for key, name in names.items()
    ]
    title, end = say(language, "banner.ready", version=__version__), say(language, "banner.end")
    return without_home("\n".join([title, *lines, *further, end]))


def refusal(problems: Sequence[Problem], given: Sequence[str], language: Language) -> str:
    """Return why the server cannot start, with the one command that mends it.

    Args:
        problems: what keeps the server from starting, at least one.
        given: the arguments of the command line, from `serve` on.
        language: of the text.

    """
    sentences = [say(language, f"problem.{each.kind}", **each.values) for each in problems]
    if any(each.before or each.options for each in problems):
        options = [option for each in problems for option in each.options]
        commands = [each.before for each in problems if each.before]
        commands.append(("hwaja", *_without_port(given, options), *options))
        command = " && ".join(map(shlex.join, commands))
        run = [say(language, "problems.run", command=command)]
    else:
        run = []
    if len(sentences) == 1:
        return " ".join([*sentences, *run])
    title = say(language, "problems", count=len(sentences))
    return "\n".join([title, *(f"  - {each}" for each in sentences), *run])


def _without_port(given: Sequence[str], options: Sequence[str]) -> list[str]:
    """Return the arguments without `--port` and its value, where the options have another one."""
    left = list(given)
    if "--port" not in options:
        return left
    while "--port" in left:
        at = left.index("--port")
        del left[at : at + 2]
    return [each for each in left if not each.startswith("--port=")]


def _capacity(config: Config, serving: Serving, language: Language) -> str:
    clients = config.max_connections
    if config.asr_model != BASELINE or serving.provider != "cpu":
        return say(language, "banner.capacity.is", clients=clients)
    served = int(CONVERSATIONS_PER_CORE * config.workers)
    return say(
        language,
        "banner.capacity.about",
        clients=clients,
        served=served,
        pauseless=without_pauses(served),
    )


def _certificate(config: Config, language: Language) -> str:
    if config.plain_ws != "off":
        return say(language, "banner.certificate.none")
    if config.cert is not None:
        return say(language, "banner.certificate.own", file=config.cert)
    file, _ = development_files(config.certificate_folder, lan=config.lan)
    return say(language, "banner.certificate.development", file=file)


def _link(serving: Serving) -> str:
    """Return the address for the other devices of the network, with the access code.

    The code is in the fragment, which browsers do not send.
    """
    host = next(iter(network_addresses()), own_names()[1])
    page = replace(serving, host=host).page
    return page if serving.access_code is None else f"{page}#code={serving.access_code}"


def _qr_code(text: str) -> str:
    """Return a QR code, drawn with the half blocks of a terminal."""
    import segno  # lazy: only `--lan` needs it

    drawn = StringIO()
    segno.make(text, micro=False).terminal(drawn, compact=True, border=2)
    return drawn.getvalue().rstrip("\n")


def _next(config: Config, serving: Serving, language: Language) -> str:
    if config.plain_ws != "off":
        return say(language, "banner.next.proxy")
    return say(language, "banner.next.page", page=serving.page)
