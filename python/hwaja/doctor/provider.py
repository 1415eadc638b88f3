"""What recognition will run on: the provider that was asked for, tried as the server tries it."""

import asyncio

from hwaja.doctor.findings import Finding
from hwaja.doctor.language import said
from hwaja.engines.providers import Provider, resolve
from hwaja.server.application import embedder_file
from hwaja.server.config import Config


def provider(config: Config) -> Finding:
    """Find out what is run on; `facts["running"]` is "cpu" or "cuda".

    Raises:
        EngineError, ModelError: where the server would not start, in one sentence why.

    """
    return judge(asyncio.run(resolve(config.provider, embedder_file())))


def judge(found: Provider) -> Finding:
    """Say what was asked for, what runs, and why it is not cuda."""
    facts = {
        "asked": found.asked,
        "running": found.running,
        "onnxruntime": found.onnxruntime,
        "reason": found.reason,
    }
    if found.onnxruntime:
        key = "provider.seen"
    else:
        key = "provider.reason" if found.reason else "provider"
    return Finding("provider", "ok", said(key, **facts), facts=facts)
