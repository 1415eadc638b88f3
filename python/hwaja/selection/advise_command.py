"""`hwaja models advise`: recommends recognisers for this machine."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from hwaja.doctor import machine
from hwaja.doctor.advice import situation_of
from hwaja.engines.interface import EngineError
from hwaja.engines.runtime import check_cuda
from hwaja.models import all_models
from hwaja.models.advice import Compared, Recommendation, Situation, recommend
from hwaja.models.catalogue import PublishedError
from hwaja.process.memory import memory_now
from hwaja.server import config_sources

_COSTS = {
    "low": "less than half of Whisper base's",
    "medium": "about that of Whisper base",
    "high": "several times that of Whisper base, so texts come later",
    "gpu": "too much for conversations on a CPU",
}

_LACKS = {
    "cores": "there are too few cores",
    "memory": "there is too little free memory",
    "gpu": "it needs a GPU",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `hwaja models advise`."""
    parser.add_argument(
        "--languages",
        metavar="CODES",
        help="languages that the model must know, such as ko,en [default: that of serve]",
    )
    parser.add_argument(
        "--talking",
        type=_at_least_one,
        metavar="N",
        help="people who talk at once [default: half of --max-connections, as people in a "
        "conversation also listen]",
    )
    parser.add_argument(
        "--offline", action="store_true", help="only models that are in the cache already"
    )


def run(args: argparse.Namespace) -> int:
    """Run the command; return 0 where there is a recommendation.

    Raises:
        ConfigError, ModelError: the configuration is invalid, or there is no cache folder.

    """
    situation = _situation(args)
    found = recommend(situation, all_models())
    sources = _Sources()
    console = Console(highlight=False)
    console.print(_of_machine(situation, is_given=args.talking is not None))
    for number, each in enumerate(found, 1):
        console.print(f"\n{number}. {each.model.name}", style="bold")
        for line in _lines(each, situation, sources):
            console.print(Padding(Text(line), (0, 0, 0, 3)))
        console.print(each.command, soft_wrap=True)  # in one piece, to be copied
    console.print()
    for sentence in _end(found, situation, sources):
        console.print(Text(sentence))
    return 0 if found else 1


class _Sources:
    """Numbers the sources of the errors, in the order of their mention."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def mention(self, error: PublishedError) -> str:
        """Return an error with the number of its source."""
        number = self._numbers.setdefault(error.source, len(self._numbers) + 1)
        return f"{100 * error.cer:.1f}\u00a0% [{number}]"

    def lines(self) -> list[str]:
        """Return each source with its number."""
        return [f"[{number}] {source}" for source, number in self._numbers.items()]


def _situation(args: argparse.Namespace) -> Situation:
    cores, free = machine.processor().cores, memory_now()
    found = situation_of(config_sources.from_environment({}), cores, free, has_gpu=_has_gpu())
    languages = tuple(filter(None, (args.languages or "").replace(",", " ").split()))
    return replace(
        found,
        languages=languages or found.languages,
        talking=args.talking or found.talking,
        online=not args.offline,
    )


def _has_gpu() -> bool:
    try:
        check_cuda()
    except EngineError:
        return False
    return True


def _of_machine(situation: Situation, *, is_given: bool) -> str:
    free = situation.available_bytes
    memory = "unknown memory" if free is None else f"{free / 1e9:.1f} GB of free memory"
    gpu = "an NVIDIA GPU" if situation.has_gpu else "no usable GPU"
    people = "person talks" if situation.talking == 1 else "people talk"
    return (
        f"This machine: {situation.cores:g} cores, {memory}, {gpu}. "
        f"Languages: {', '.join(situation.languages)}. {situation.talking} {people} at once"
        f"{'' if is_given else ' (half of --max-connections)'}."
    )


def _lines(found: Recommendation, situation: Situation, sources: _Sources) -> Iterator[str]:
    model = found.model
    yield f"{model.title}. Licence: {model.licence}."
    if model.restriction:
        yield model.restriction
    if found.errors:
        errors = ", ".join(_error(each, sources) for each in found.errors)
        yield f"Wrong characters ({', '.join(situation.languages)}): {errors}."
    else:
        yield f"Errors: none published for {', '.join(situation.languages)}, as far as we know."
    yield f"Processor time: {_COSTS[model.cost or 'gpu']}. {_streams(found)}"
    yield _memory(found)
    if found.doubts:
        yield f"It does not fit here: {', '.join(_LACKS[doubt] for doubt in found.doubts)}."


def _error(compared: Compared, sources: _Sources) -> str:
    text = f"{compared.error.corpus} {sources.mention(compared.error)}"
    if compared.baseline is None or compared.baseline == compared.error:
        return text
    return f"{text} (Whisper base {sources.mention(compared.baseline)})"


def _streams(found: Recommendation) -> str:
    if found.streams is None:
        return "On a GPU, `hwaja doctor` measures how many people can talk."
    people = "person" if found.streams == 1 else "people"
    return f"About {found.streams} {people} can talk at once, with pauses (estimated)."


def _memory(found: Recommendation) -> str:
    workers = "1 worker" if found.workers == 1 else f"{found.workers} workers"
    kind = "measured" if found.model.memory_is_measured else "estimated"
    return f"Memory with {workers}: at most {found.memory_bytes / 1e9:.1f} GB ({kind})."


def _end(found: Sequence[Recommendation], situation: Situation, sources: _Sources) -> Iterator[str]:
    if not found:
        where = "in the catalogue" if situation.online else "in the cache"
        yield f"No recogniser {where} knows {' and '.join(situation.languages)}."
        yield "To bring in one that was fetched elsewhere: hwaja models import FOLDER"
        return
    yield from sources.lines()
    if any(each.errors for each in found):
        yield (
            "Figures of different corpora or sources cannot be compared. The order is by the share "
            "of Whisper base's errors on the same corpus, in steps of a tenth."
        )
    if any(not each.errors for each in found):
        yield "Of the models without a published error, the largest that fits comes first."
    yield "Add your own options of hwaja serve, such as --cert and --key."
    yield "To measure on your own speech: hwaja models compare MODEL MODEL --speech DIR"


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number
