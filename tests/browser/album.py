"""Screenshots of the page for a person to look at. axe checks each of them."""

from dataclasses import dataclass
from html import escape
from pathlib import Path

from browser.axe import AXE, violations
from browser.visitor import Visitor

WIDTHS = {360: 740, 768: 1024, 1280: 800}
"""Of a telephone, a tablet and a desktop, in CSS pixels, with their heights."""

SCHEMES = ("light", "dark")


@dataclass(frozen=True)
class Picture:
    """One state, in one width and one colour scheme."""

    step: str
    file: str


class Album:
    """A folder with pictures, and a page that shows them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pictures: dict[str, list[Picture]] = {}
        """By the chapter."""

    async def show(
        self, visitor: Visitor, chapter: str, step: str, *, whole: bool = True, ours: bool = True
    ) -> None:
        """Take pictures of a state in every width, and have axe look at it in light and dark.

        Each violation is added to the visitor's faults.

        Args:
            visitor: at the page.
            chapter: what they are about.
            step: what they did and see, in a sentence.
            whole: the whole page, rather than what fits the screen.
            ours: False: it is the browser's own page, and not judged.

        """
        page = visitor.page
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)
            for width, height in WIDTHS.items():
                await page.set_viewport_size({"width": width, "height": height})
                if ours and await page.evaluate(OVERFLOWS):
                    visitor.faults.append(f"{step} It is wider than {width} px.")
                file = self._add(chapter, step, f"{width}-{scheme}")
                await page.screenshot(path=file, full_page=whole, animations="disabled")
            if ours and AXE.is_file():
                visitor.faults += [f"{step} {fault}" for fault in await violations(page)]
        await page.emulate_media(color_scheme=SCHEMES[0])

    def _add(self, chapter: str, step: str, form: str) -> Path:
        if not self._pictures:
            self._clear()
        pictures = self._pictures.setdefault(chapter, [])
        steps = list(dict.fromkeys([*(picture.step for picture in pictures), step]))
        name = f"{list(self._pictures).index(chapter) + 1:02}-{len(steps):02}-{form}.png"
        pictures.append(Picture(step, name))
        return self._folder / name

    def _clear(self) -> None:
        """Begin with an empty folder: pictures of an earlier run may show what is no more."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for picture in self._folder.glob("*.png"):
            picture.unlink()

    def write_index(self) -> None:
        """Write the page that shows all pictures, step by step."""
        if not self._pictures:
            return
        parts = ["<!doctype html><meta charset=utf-8><title>hwaja: the page, step by step</title>"]
        parts.append(
            "<style>body{font-family:sans-serif}img{border:1px solid #999;margin:4px;"
            "vertical-align:top;max-height:30rem}</style>"
        )
        for chapter, pictures in self._pictures.items():
            parts.append(f"<h1>{escape(chapter)}</h1>")
            for step in dict.fromkeys(picture.step for picture in pictures):
                shown = [
                    f'<a href="{picture.file}"><img src="{picture.file}" loading=lazy alt=""></a>'
                    for picture in pictures
                    if picture.step == step
                ]
                parts.append(f"<h2>{escape(step)}</h2>{''.join(shown)}")
        (self._folder / "index.html").write_text("\n".join(parts), encoding="utf-8")


OVERFLOWS = "() => document.documentElement.scrollWidth > window.innerWidth"
