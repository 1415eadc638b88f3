"""The page: the served files and their headers."""

import json
import re
from gzip import decompress
from importlib.resources import files
from pathlib import Path
from urllib.parse import urljoin

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from hwaja.server.config import ConfigError
from hwaja.server.http.web_files import TYPES, WebFiles, read_consent

WEB = Path(str(files("hwaja") / "web"))
MOST_BYTES = 330_000
"""What the page may weigh."""

FOR_OTHER_PAGES = {
    f"/client/{name}.js" for name in ("opus", "opus-format", "opus-packets", "packet-queue")
}
"""Of the browser client; this page loads none of them."""


@pytest.fixture(scope="module")
def web() -> WebFiles:
    return WebFiles()


def got(web: WebFiles, path: str, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(path, Headers({"Host": "localhost:8088", **named}))
    response = web.answer(path, request)
    assert response is not None
    return response


def served() -> list[str]:
    """The address of every file that is served."""
    found = (file for file in WEB.rglob("*") if file.suffix.lstrip(".") in TYPES)
    return ["/" + file.relative_to(WEB).as_posix() for file in found]


def references(path: str, text: str) -> list[str]:
    """The addresses that a file of the page names."""
    named = re.findall(r"""(?:from|import) '([^']+)'""", text)
    named += re.findall(r"""import\('([^']+)'\)""", text)
    named += re.findall(r"""(?:src|href)="([^"#]+)\"""", text)
    return [urljoin(path, name) for name in named]


def test_the_root_path_serves_the_page(web: WebFiles) -> None:
    response = got(web, "/")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.body == (WEB / "index.html").read_bytes()


def test_every_file_that_the_page_uses_is_served_by_this_server(web: WebFiles) -> None:
    """No outside resource, nothing missing: all that is reached from the page."""
    reached, pending = set[str](), ["/index.html", "/subtitles.html"]
    while pending:
        path = pending.pop()
        if path in reached:
            continue
        reached.add(path)
        body = bytes(got(web, path).body or b"").decode()
        assert not re.search(r"""(?:src|href)="(?:https?:)?//""", body), path
        pending += references(path, body)
    assert len(reached) > 10
    assert reached.isdisjoint(FOR_OTHER_PAGES)
    assert {path for path in reached if path.startswith("/page/")} == {
        path for path in served() if path.startswith("/page/")
    }


def test_the_page_is_small() -> None:
    loaded = set(served()) - FOR_OTHER_PAGES
    assert sum((WEB / path[1:]).stat().st_size for path in loaded) <= MOST_BYTES


@pytest.mark.parametrize("path", ["/nothing.js", "/../server.py", "/page", "/client/package.json"])
def test_a_path_that_is_no_file_of_the_page_is_not_served(web: WebFiles, path: str) -> None:
    assert web.answer(path, Request(path, Headers())) is None


@pytest.mark.parametrize("method", ["POST", "TRACE"])
def test_a_request_with_another_method_does_not_get_the_page(web: WebFiles, method: str) -> None:
    assert web.answer("/", Request("/", Headers(), method)) is None


def test_the_content_security_policy_allows_no_inline_code_and_no_other_origin(
    web: WebFiles,
) -> None:
    policy = got(web, "/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "wss://localhost:8088" in policy
    assert "unsafe" not in policy
    html = (WEB / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", html)


def test_an_invalid_host_header_does_not_get_into_the_policy(web: WebFiles) -> None:
    policy = got(web, "/", Host="x; script-src *").headers["Content-Security-Policy"]
    assert "wss:" not in policy
    assert "*" not in policy


def test_a_browser_that_accepts_gzip_gets_the_same_content_in_fewer_bytes(web: WebFiles) -> None:
    plain = got(web, "/page/style.css")
    packed = got(web, "/page/style.css", Accept_Encoding="gzip, br")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert decompress(packed.body or b"") == plain.body
    assert int(packed.headers["Content-Length"]) == len(packed.body or b"") < len(plain.body or b"")


def test_a_file_that_the_browser_has_cached_is_not_sent_again(web: WebFiles) -> None:
    tag = got(web, "/page/style.css").headers["ETag"]
    again = got(web, "/page/style.css", If_None_Match=tag)
    assert (again.status_code, again.body) == (304, b"")
    assert got(web, "/page/style.css", If_None_Match='"another"').status_code == 200
    packed = got(web, "/page/style.css", If_None_Match=tag, Accept_Encoding="gzip")
    assert packed.status_code == 200


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"\xff\xfe", "UTF-8"),
        (b" \n", "has 0"),
        (b"a" * 10_001, "has 10001"),
    ],
)
def test_a_consent_text_that_cannot_be_shown_is_refused_with_the_reason(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    file = tmp_path / "consent.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=reason):
        read_consent(file)


def test_the_page_is_told_of_other_servers_and_of_the_operators_text() -> None:
    web = WebFiles(["wss://b.example"], "동의")
    told = json.loads(got(web, "/page/server.json").body or b"")
    assert told == {"peers": ["wss://b.example"], "consent": "동의"}
