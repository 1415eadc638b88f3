"""Header fields that hold lists, in one header line or in several."""

import pytest
from websockets.datastructures import Headers

from hwaja.server.http.header_lists import members


@pytest.mark.parametrize(
    "lines",
    [["gzip, br;q=0.5"], ["gzip", "br;q=0.5"], [" gzip ,br;q=0.5 "]],
    ids=["one line", "two lines", "other spaces"],
)
def test_the_members_of_a_list_are_the_same_in_one_header_line_or_in_several(
    lines: list[str],
) -> None:
    headers = Headers([("Accept-Encoding", line) for line in lines])
    assert members(headers, "accept-encoding") == ["gzip", "br;q=0.5"]


def test_a_missing_header_has_no_members() -> None:
    assert members(Headers([("Accept", "text/html")]), "Accept-Encoding") == []
