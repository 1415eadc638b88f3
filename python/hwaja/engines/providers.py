"""Selects the engine's provider and tests it before use."""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from hwaja.engines import runtime
from hwaja.engines.interface import EngineError

TRIAL_SECONDS = 120.0
"""Timeout of a test: the first use of a GPU after a driver update compiles kernels."""


@dataclass(frozen=True, slots=True)
class Provider:
    """The requested provider, and the one that sherpa-onnx runs on."""

    asked: str
    """ "cpu", "cuda", or "auto": cuda where it runs, else cpu."""
    running: str
    """ "cpu" or "cuda"."""
    onnxruntime: str | None
    """Version of the installed onnxruntime that sherpa-onnx ran on; None: its own onnxruntime."""
    reason: str
    """Why the provider is not cuda; empty where it is cuda or where cuda was not requested."""


async def resolve(asked: str, model: Path) -> Provider:
    """Return the provider that sherpa-onnx will run on.

    Args:
        asked: "cpu", "cuda" or "auto".
        model: a speaker embedding model for the test.

    Raises:
        EngineError: where cuda was requested and does not run; the message gives the reason in one
            sentence.

    """
    if asked == "cpu":
        return Provider(asked, "cpu", None, "")
    try:
        runtime.check_cuda()  # most machines need no test after this check
        version = await try_out("cuda", model)
    except EngineError as error:
        if asked == "cuda":
            raise
        return Provider(asked, "cpu", None, str(error))
    return Provider(asked, "cuda", version, "")


async def try_out(provider: str, model: Path) -> str:
    """Run `probe` in a process; return the version of the onnxruntime that it ran on.

    Raises:
        EngineError: where the provider does not run; the message gives the reason in one sentence.

    """
    command = [sys.executable, "-m", "hwaja.engines.probe", provider, str(model)]
    try:
        trial = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    except (OSError, RuntimeError) as error:  # RuntimeError: Python could not start a thread
        reason = error.strerror if isinstance(error, OSError) else error
        raise EngineError(f"A trial of {provider} cannot be started: {reason}.") from error
    try:
        async with asyncio.timeout(TRIAL_SECONDS):
            output, _ = await trial.communicate()
    except TimeoutError:
        raise EngineError(
            f"A trial of {provider} did not end within {TRIAL_SECONDS:g} s."
        ) from None
    finally:
        if trial.returncode is None:
            trial.kill()
            await trial.wait()
    try:
        answer = json.loads(output.splitlines()[-1])
        if trial.returncode == 0:
            return str(answer["onnxruntime"])
        sentence = str(answer["reason"])
    except (ValueError, LookupError, TypeError):
        sentence = (
            f"The engine ended in a trial of {provider} (exit code {trial.returncode}); "
            "see stderr for why."
        )
    raise EngineError(sentence)
