"""Prints the figures of several recognisers as one table, and sentences below it."""

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table

from hwaja.language import Choose, Language, Text, chooser
from hwaja.language.sentences import told
from hwaja.selection.comparison import Difference, Figures, Speech

_Cell = Callable[[Figures], str]


def show(
    speech: Speech,
    rows: Sequence[Figures],
    compared: Sequence[Difference],
    console: Console,
    language: Language,
) -> None:
    """Print the table, and what it says and does not say, in a language."""
    text = chooser(language)
    table = Table(box=None, pad_edge=False)
    table.add_column(text("model", "모델"), overflow="fold")
    columns = _columns(rows)
    for head in columns:
        table.add_column(head.said_in(language), justify="right")
    for row in rows:
        table.add_row(row.model, *(cell(row) for cell in columns.values()))
    console.print(table)
    for row in filter(_is_incomplete, rows):
        console.print(_failure(row, language), markup=False)
    for sentence in _notes(speech, rows, text):
        console.print(sentence, markup=False)
    for each in compared:
        console.print(difference_sentence(each, language), markup=False)


def _columns(rows: Sequence[Figures]) -> dict[Text, _Cell]:
    """Return the columns that have a value."""
    all_columns: dict[Text, _Cell] = {
        Text("CER\n%", "CER\n%"): lambda row: _percent(row.character_error_rate),
        Text("kocer\n%", "kocer\n%"): lambda row: _percent(row.kocer),
        Text("WER\n%", "WER\n%"): lambda row: _percent(row.word_error_rate),
        Text("CPU s\nper s", "CPU 초\n/1초"): lambda row: _number(row.cpu_seconds, 2),
        Text("delay s\np50", "지연 초\np50"): lambda row: _number(row.delay_p50_seconds, 2),
        Text("delay s\np95", "지연 초\np95"): lambda row: _number(row.delay_p95_seconds, 2),
        Text("MB of a\nworker", "프로세스\nMB"): lambda row: _number(
            row.worker_bytes and row.worker_bytes / 1e6, 0
        ),
        Text("can\ntalk", "동시\n인원"): lambda row: _number(row.streams, 0),
        Text("load\ns", "불러오기\n초"): lambda row: _number(row.load_seconds, 1),
    }
    return {
        head: cell for head, cell in all_columns.items() if any(cell(row) != "-" for row in rows)
    }


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _is_incomplete(row: Figures) -> bool:
    return bool(row.not_measured or row.failed)


def _failure(row: Figures, language: Language) -> str:
    text = chooser(language)
    if row.not_measured:
        why = told(row.not_measured, language)
        return text(f"{row.model} was not measured: {why}", f"{row.model}: 재지 못함. {why}")
    return text(
        f"{row.model} gave no result for {row.failed} utterances.",
        f"{row.model}: 결과가 없는 발화 {row.failed}개.",
    )


def _notes(speech: Speech, rows: Sequence[Figures], text: Choose) -> list[str]:
    """Say what the figures were measured on."""
    minutes = speech.seconds / 60
    delays = max((row.delays for row in rows), default=0)
    notes = [
        text(
            f"{speech.recordings} recordings, {minutes:.1f} minutes, language {speech.language}, "
            f"{speech.workers} workers. CPU: of all workers, for the text and the voice of one "
            "second of speech. Delay: from the end of speech to its text, while one person talks "
            f"({delays} utterances).",
            f"녹음 {speech.recordings}개, {minutes:.1f}분, 언어 {speech.language}, 작업 프로세스 "
            f"{speech.workers}개. CPU: 말 1초의 글과 목소리에 든 모든 작업 프로세스의 시간. "
            f"지연: 한 사람이 말할 때 말이 끝난 뒤 글이 나오기까지(발화 {delays}개).",
        )
    ]
    if not speech.with_text:
        notes.append(
            text(
                "The recordings have no texts, so no errors were counted.",
                "녹음에 글이 없어서 오류를 세지 않았습니다.",
            )
        )
    elif speech.with_text < speech.recordings:
        notes.append(
            text(
                f"Errors were counted in the {speech.with_text} recordings that have a text.",
                f"글이 있는 녹음 {speech.with_text}개에서 오류를 세었습니다.",
            )
        )
    return notes


def difference_sentence(found: Difference, language: Language) -> str:
    """Say in a language whether a recogniser differs from the first one by more than chance."""
    text = chooser(language)
    points = f"{100 * found.difference:+.1f}"
    if found.interval is None:
        return text(
            f"{found.model} and {found.first}: one recording does not show which is better.",
            f"{found.model}, {found.first}: 녹음 하나로는 어느 쪽이 나은지 알 수 없습니다.",
        )
    low, high = (f"{100 * end:+.1f}" for end in found.interval)
    interval = text(f"95 % interval {low} to {high}", f"95% 구간 {low}~{high}")
    if found.is_chance:
        return text(
            f"{found.model} and {found.first}: the difference in {found.score}, {points} points, "
            f"is within chance ({interval}).",
            f"{found.model}, {found.first}: {found.score} 차이 {points}점은 우연일 수 "
            f"있습니다({interval}).",
        )
    more = text("more", "많음") if found.difference > 0 else text("fewer", "적음")
    return text(
        f"{found.model} makes {more} errors than {found.first}: {found.score} {points} points "
        f"({interval}).",
        f"{found.model}: {found.first}보다 오류가 {more}. {found.score} {points}점({interval}).",
    )
