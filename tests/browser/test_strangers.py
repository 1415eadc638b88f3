"""A speaker who is not enrolled: the words are shown without a name."""

import json

import pytest
from loopback import Endpoint

from browser.album import Album
from browser.conftest import Visit
from browser.prompter import conversing

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

CHAPTER = "Somebody who is not enrolled"

STRANGER = {"ko": "등록되지 않은 사람", "en": "Unknown voice"}


async def test_words_of_an_unknown_speaker_have_no_name_on_the_page_and_in_every_export(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    visitor, prompter = await conversing(visit, endpoint, locale="ko-KR")
    for speaker_id, name in enumerate(("미나", "지수")):
        await visitor.page.locator(f"#speakers li[data-speaker='{speaker_id}'] input").fill(name)
    prompter.say("어서 오세요.")
    prompter.say("택배 왔습니다.", label="unknown")
    prompter.say("잠시만요.", speaker_id=0)
    prompter.say("네, 그럼 이어서 말씀드릴게요.", label="doubtful")
    said = await visitor.until_said(4)
    assert [each.speaker for each in said] == ["미나", STRANGER["ko"], "미나", "지수"]
    await album.show(visitor, CHAPTER, "A stranger spoke.", whole=False)
    strange = ".utterance:nth-child(2) .speaker"
    client = ".utterance[data-speaker='1'] .speaker"
    assert await visitor.colour(strange) != await visitor.colour(client)
    await visitor.page.locator("#speakers li[data-speaker='1'] input").fill("민지")
    for language, stranger in STRANGER.items():
        if language == "en":
            await visitor.page.click("#language")
        said = await visitor.said()
        assert [each.speaker for each in said] == ["미나", stranger, "미나", "민지"]
        files = {form: (await visitor.export(form))[1] for form in ("txt", "srt", "vtt", "json")}
        assert f":02] {stranger}: 택배 왔습니다.\n" in files["txt"]
        assert f"\n{stranger}: 택배 왔습니다.\n" in files["srt"]
        assert f"\n<v {stranger}>택배 왔습니다.</v>\n" in files["vtt"]
        entry = json.loads(files["json"])["utterances"][1]
        assert (entry["speaker"], entry["label"]) == (stranger, "unknown")
