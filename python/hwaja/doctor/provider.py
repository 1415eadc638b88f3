"""Checks the configured provider with the server's own test."""

import asyncio

from hwaja.doctor.findings import Finding
from hwaja.doctor.language import phrase
from hwaja.engines.providers import Provider
from hwaja.server.application import provider_of
from hwaja.server.config import Config


def provider(config: Config) -> Finding:
    """Test the provider; `facts["running"]` is "cpu" or "cuda".

    Raises:
        EngineError, ModelError: where the server would not start; the message gives the reason in
            one sentence.

    """
    return judge(asyncio.run(provider_of(config)))


def judge(found: Provider) -> Finding:
    """Report the requested provider, the running one, and why it is not cuda."""
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
    return Finding("provider", "ok", phrase(key, **facts), facts=facts)
