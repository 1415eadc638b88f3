"""Signals as calls in the event loop: however many come, none is lost and none is written about."""

import asyncio
import signal
from collections.abc import Callable


def on_signal(number: signal.Signals, call: Callable[[], None]) -> None:
    """Have the running loop call `call` soon after the signal, once for all that come meanwhile.

    asyncio alone learns of a signal by a byte in a pipe. A storm of signals fills it: SIGTERM is
    lost, and Python warns of each in the midst of whatever runs.
    """
    loop = asyncio.get_running_loop()
    waits = False

    def noted(*_: object) -> None:
        nonlocal waits
        if not waits:
            waits = True
            loop.call_soon_threadsafe(run)

    def run() -> None:
        nonlocal waits
        waits = False
        call()

    loop.add_signal_handler(number, int)  # what comes through the pipe only wakes the loop
    signal.signal(number, noted)
    signal.set_wakeup_fd(signal.set_wakeup_fd(-1), warn_on_full_buffer=False)
