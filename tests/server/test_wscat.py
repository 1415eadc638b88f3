"""wscat, with which the specification tests its connection."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from loopback import PATIENCE_SECONDS, Endpoint

WSCAT = Path(__file__).resolve().parents[1] / "web" / "node_modules" / "wscat" / "bin" / "wscat"

pytestmark = [
    pytest.mark.models,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed here"),
    pytest.mark.skipif(not WSCAT.exists(), reason="make test-web installs wscat"),
]


async def test_wscat_connects_and_drives_a_registration(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    """wscat cannot send audio, so the registration is refused."""
    said = [
        {"type": kind, "speaker_id": 1}
        for kind in ("start_speaker_registration", "complete_speaker_registration")
    ]
    arguments = [part for message in said for part in ("--execute", json.dumps(message))]
    process = await asyncio.create_subprocess_exec(
        *("node", str(WSCAT), "--connect", endpoint.url, "--ca", str(certificate[0])),
        *("--no-color", "--wait", "-1", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    heard = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(heard) < 3:
            line = (await process.stdout.readline()).decode()
            assert line, "wscat has ended"
            if "{" in line:
                heard.append(json.loads(line[line.index("{") : line.rindex("}") + 1]))
    process.terminate()
    process.stdin.close()
    await process.communicate()
    assert [message["type"] for message in heard] == [
        "model_loaded",
        "speaker_registration_started",
        "error",
    ]
    assert (heard[2]["code"], heard[2]["speaker_id"]) == ("SPEAKER_REGISTRATION_FAILED", 1)
