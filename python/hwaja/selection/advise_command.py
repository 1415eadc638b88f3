"""`hwaja models advise`: recommends recognisers for this machine."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.console import Console
from rich.padding import Padding
from rich.text import Text as Line

from hwaja.doctor import machine
from hwaja.doctor.advice import situation_of
from hwaja.engines.interface import EngineError
from hwaja.engines.runtime import check_cuda
from hwaja.language import Choose, Language, Text, chooser
from hwaja.language.sentences import told
from hwaja.models import all_models
from hwaja.models.advice import Compared, Recommendation, Situation, recommend
from hwaja.models.catalogue import PublishedError
from hwaja.process.memory import memory_now
from hwaja.server import config_sources

_COSTS = {
    "low": Text("less than half of Whisper base's", "Whisper base의 절반 미만"),
    "medium": Text("about that of Whisper base", "Whisper base와 비슷함"),
    "high": Text(
        "several times that of Whisper base, so texts come later",
        "Whisper base의 몇 배여서 글이 늦게 나옴",
    ),
    "gpu": Text("too much for conversations on a CPU", "CPU로 대화를 받아쓰기에는 너무 많음"),
}

_LACKS = {
    "cores": Text("there are too few cores", "코어가 모자람"),
    "memory": Text("there is too little free memory", "남은 메모리가 모자람"),
    "gpu": Text("it needs a GPU", "GPU가 필요함"),
}


def add_arguments(parser: argparse.ArgumentParser, language: Language) -> None:
    """Add the arguments of `hwaja models advise`, in a language."""
    text = chooser(language)
    parser.add_argument(
        "--languages",
        metavar="CODES",
        help=text(
            "languages that the model must know, such as ko,en [default: that of serve]",
            "모델이 알아야 하는 언어. 예: ko,en [기본값: serve의 언어]",
        ),
    )
    parser.add_argument(
        "--talking",
        type=_at_least_one,
        metavar="N",
        help=text(
            "people who talk at once [default: half of --max-connections, as people in a "
            "conversation also listen]",
            "동시에 말하는 사람의 수 [기본값: --max-connections의 절반. 대화하는 사람은 듣기도 "
            "하므로]",
        ),
    )
    parser.add_argument(
        "--offline",
        action="store_true",
        help=text("only models that are in the cache already", "이미 캐시에 있는 모델만"),
    )


def run(args: argparse.Namespace) -> int:
    """Run the command; return 0 where there is a recommendation.

    Raises:
        ConfigError, ModelError: the configuration is invalid, or there is no cache folder.

    """
    situation = _situation(args)
    found = recommend(situation, all_models())
    text = chooser(args.lang)
    sources = _Sources()
    console = Console(highlight=False)
    console.print(_of_machine(situation, text, is_given=args.talking is not None))
    for number, each in enumerate(found, 1):
        console.print(f"\n{number}. {each.model.name}", style="bold")
        for line in _lines(each, situation, sources, args.lang):
            console.print(Padding(Line(line), (0, 0, 0, 3)))
        console.print(each.command, soft_wrap=True)  # in one piece, to be copied
    console.print()
    for sentence in _end(found, situation, sources, text):
        console.print(Line(sentence))
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


def _of_machine(situation: Situation, text: Choose, *, is_given: bool) -> str:
    free = situation.available_bytes
    if free is None:
        memory = text("unknown memory", "메모리 알 수 없음")
    else:
        gigabytes = f"{free / 1e9:.1f} GB"
        memory = text(f"{gigabytes} of free memory", f"남은 메모리 {gigabytes}")
    gpu = (
        text("an NVIDIA GPU", "NVIDIA GPU 있음")
        if situation.has_gpu
        else text("no usable GPU", "쓸 수 있는 GPU 없음")
    )
    languages, talking = ", ".join(situation.languages), situation.talking
    people = "person talks" if talking == 1 else "people talk"
    half = "" if is_given else text(" (half of --max-connections)", "(--max-connections의 절반)")
    return text(
        f"This machine: {situation.cores:g} cores, {memory}, {gpu}. Languages: {languages}. "
        f"{talking} {people} at once{half}.",
        f"이 컴퓨터: 코어 {situation.cores:g}개, {memory}, {gpu}. 언어: {languages}. "
        f"동시에 말하는 사람: {talking}명{half}.",
    )


def _lines(
    found: Recommendation, situation: Situation, sources: _Sources, language: Language
) -> Iterator[str]:
    text = chooser(language)
    model = found.model
    yield f"{told(model.title, language)}. {text('Licence', '라이선스')}: {model.licence}."
    if model.restriction:
        yield told(model.restriction, language)
    languages = ", ".join(situation.languages)
    if found.errors:
        errors = ", ".join(_error(each, sources) for each in found.errors)
        yield text("Wrong characters", "글자 오류율") + f" ({languages}): {errors}."
    else:
        yield text(
            f"Errors: none published for {languages}, as far as we know.",
            f"오류: {languages}에 대해 공개된 값을 찾지 못했습니다.",
        )
    cost = _COSTS[model.cost or "gpu"].said_in(language)
    yield text("Processor time", "프로세서 시간") + f": {cost}. {_streams(found, text)}"
    yield _memory(found, text)
    if found.doubts:
        lacks = ", ".join(_LACKS[doubt].said_in(language) for doubt in found.doubts)
        yield text("It does not fit here", "이 컴퓨터에는 맞지 않습니다") + f": {lacks}."


def _error(compared: Compared, sources: _Sources) -> str:
    text = f"{compared.error.corpus} {sources.mention(compared.error)}"
    if compared.baseline is None or compared.baseline == compared.error:
        return text
    return f"{text} (Whisper base {sources.mention(compared.baseline)})"


def _streams(found: Recommendation, text: Choose) -> str:
    if found.streams is None:
        return text(
            "On a GPU, `hwaja doctor` measures how many people can talk.",
            "GPU에서는 `hwaja doctor`로 몇 사람이 말할 수 있는지 잽니다.",
        )
    people = "person" if found.streams == 1 else "people"
    return text(
        f"About {found.streams} {people} can talk at once, with pauses (estimated).",
        f"쉬어 가며 동시에 말할 수 있는 사람: 약 {found.streams}명(어림).",
    )


def _memory(found: Recommendation, text: Choose) -> str:
    workers = "1 worker" if found.workers == 1 else f"{found.workers} workers"
    kind = text("measured", "측정") if found.model.memory_is_measured else text("estimated", "어림")
    gigabytes = f"{found.memory_bytes / 1e9:.1f} GB"
    return text(
        f"Memory with {workers}: at most {gigabytes} ({kind}).",
        f"메모리(작업 프로세스 {found.workers}개): 많아야 {gigabytes}({kind}).",
    )


def _end(
    found: Sequence[Recommendation], situation: Situation, sources: _Sources, text: Choose
) -> Iterator[str]:
    if not found:
        yield _nothing(situation, text)
        yield text(
            "To bring in one that was fetched elsewhere: hwaja models import FOLDER",
            "다른 곳에서 받은 모델을 가져오려면: hwaja models import FOLDER",
        )
        return
    yield from sources.lines()
    if any(each.errors for each in found):
        yield text(
            "Figures of different corpora or sources cannot be compared. The order is by the share "
            "of Whisper base's errors on the same corpus, in steps of a tenth.",
            "말뭉치나 출처가 다른 값은 비교할 수 없습니다. 순서는 같은 말뭉치에서 Whisper base의 "
            "오류에 대한 비율을 10분의 1 단위로 본 것입니다.",
        )
    if any(not each.errors for each in found):
        yield text(
            "Of the models without a published error, the largest that fits comes first.",
            "공개된 오류율이 없는 모델은 맞는 것 가운데 큰 것부터 나옵니다.",
        )
    yield text(
        "Add your own options of hwaja serve, such as --cert and --key.",
        "--cert, --key 등 쓰고 있는 hwaja serve의 옵션을 더하세요.",
    )
    yield text(
        "To measure on your own speech: hwaja models compare MODEL MODEL --speech DIR",
        "직접 녹음한 말로 재려면: hwaja models compare MODEL MODEL --speech DIR",
    )


def _nothing(situation: Situation, text: Choose) -> str:
    place = text("catalogue", "카탈로그") if situation.online else text("cache", "캐시")
    return text(
        f"No recogniser in the {place} knows {' and '.join(situation.languages)}.",
        f"{place}에 {', '.join(situation.languages)}을(를) 아는 음성 인식기가 없습니다.",
    )


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number
