"""An MkDocs hook that adds files outside docs/ to the documentation site; see mkdocs.yml.

README, measurements and changelog are read in the repository as well. So they stay in their places
and also become pages of the site. A page's link to a file that is no page becomes the file's name.
"""

import re
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent

PAGES = {
    "README.md": "index.md",
    "README.ko.md": "ko/index.md",
    "CHANGELOG.md": "changelog.md",
    "bench/RESULTS.md": "results.md",
}
"""The site's path of each file of the repository."""

_SOURCE_OF = {page: source for source, page in PAGES.items()}
_LINK = re.compile(r"(?P<text>!?\[[^\]]*\])\((?P<path>[^)#\s:]+)(?P<anchor>#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie outside docs/."""
    for source, page in PAGES.items():
        content = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Replace links to files of the repository by their paths on the site."""
    place = page.file.src_uri
    source = _SOURCE_OF.get(place, f"docs/{place}")

    def pointed(link: re.Match[str]) -> str:
        target = normpath(str(PurePosixPath(source).parent / link["path"]))
        on_site = PAGES.get(target, target.removeprefix("docs/"))
        if files.get_file_from_path(on_site) is None:
            return link["text"].lstrip("!").strip("[]")
        path = relpath(on_site, PurePosixPath(place).parent)
        return f"{link['text']}({path}{link['anchor'] or ''})"

    return _LINK.sub(pointed, markdown)
