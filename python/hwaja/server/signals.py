"""Handles signals in the event loop; a storm of signals loses none and causes no warnings."""

import asyncio
import signal
from collections.abc import Callable


def on_signal(number: signal.Signals, call: Callable[[], None]) -> None:
    """Call `call` in the running loop after the signal.

    Signals that arrive before the call share it. asyncio alone transports a signal as a byte in a
    pipe. A storm of signals fills the pipe: SIGTERM is lost, and Python warns of each signal in the
    middle of other code.
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

    loop.add_signal_handler(number, int)  # the byte in the pipe only wakes the loop
    signal.signal(number, noted)
    signal.set_wakeup_fd(signal.set_wakeup_fd(-1), warn_on_full_buffer=False)
