"""Two women use the page in Korean, with the default model."""

from pathlib import Path

import clips
import pytest
from loopback import serving
from women import ALIKE, alike, joined, needed

from browser.album import Album
from browser.conftest import Visit
from hwaja.server.services import Services

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session"), needed]

CHAPTER = "한국어로"

LINES = (12, 13, 16)


async def test_two_korean_women_get_their_own_words_with_the_default_model(
    korean_services: Services, certificate: tuple[Path, Path], visit: Visit, album: Album
) -> None:
    async with serving(korean_services, certificate) as endpoint:
        visitor = await visit(endpoint.page, locale="ko-KR")
        assert "등록되었습니다" in await visitor.enrol(0, joined(4, 6))
        assert "등록되었습니다" in await visitor.enrol(1, joined(3, 5))
        for speaker_id, name in enumerate(("미나", "지수")):
            await visitor.card(speaker_id).locator(".name input").fill(name)
        await album.show(visitor, CHAPTER, "두 목소리가 등록되었습니다.")
        gap = clips.silence(1)
        await visitor.listen_to(gap.join(joined(line) for line in LINES))
        await visitor.press("#start")
        said = await visitor.until_said(len(LINES))
        await album.show(visitor, CHAPTER, "누가 무엇을 말했는지 보입니다.", whole=False)
        await visitor.press("#toggle")
        await visitor.until("ready")
        exported = (await visitor.export("txt"))[1]
    assert [utterance.speaker for utterance in said] == ["미나", "지수", "미나"]
    for utterance, line in zip(said, LINES, strict=True):
        assert alike(utterance.text, line) > ALIKE
        assert f"{utterance.speaker}: {utterance.text}" in exported
