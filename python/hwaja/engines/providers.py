"""Which provider the engine runs on: the one that was asked for, tried before it is believed."""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from hwaja.engines import runtime
from hwaja.engines.interface import EngineError

TRIAL_SECONDS = 120.0
"""How long a trial may take: the first use of a GPU after a new driver compiles for it."""


@dataclass(frozen=True, slots=True)
class Provider:
    """What was asked for, and what sherpa-onnx runs on."""

    asked: str
    """ "cpu", "cuda", or "auto": cuda where it runs, else cpu."""
    running: str
    """ "cpu" or "cuda"."""
    onnxruntime: str | None
    """Version of the installed onnxruntime that sherpa-onnx was seen to run on; None: its own."""
    reason: str
    """Why it is not cuda; empty where it is, and where nobody asked."""


async def resolve(asked: str, model: Path) -> Provider:
    """Find out what sherpa-onnx will run on.

    Args:
        asked: "cpu", "cuda" or "auto".
        model: a speaker embedding model to try with.

    Raises:
        EngineError: where cuda was asked for and does not run, in one sentence why.

    """
    if asked == "cpu":
        return Provider(asked, "cpu", None, "")
    try:
        runtime.check_cuda()  # spares most machines the trial
        version = await try_out("cuda", model)
    except EngineError as error:
        if asked == "cuda":
            raise
        return Provider(asked, "cpu", None, str(error))
    return Provider(asked, "cuda", version, "")


async def try_out(provider: str, model: Path) -> str:
    """Run `probe` in a process; return the version of the onnxruntime that did the work.

    Raises:
        EngineError: where the provider does not run, in one sentence why.

    """
    command = [sys.executable, "-m", "hwaja.engines.probe", provider, str(model)]
    try:
        trial = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    except (OSError, RuntimeError) as error:  # which Python raises where it gets no thread
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
