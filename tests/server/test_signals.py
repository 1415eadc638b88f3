"""Signals: none is lost among many others, and none causes a warning."""

import json
import subprocess
import sys

PROGRAM = """
import asyncio, os, signal, structlog, threading
from hwaja.privacy import error_redaction as faults
from hwaja.process import log_setup as logs
from hwaja.server.reloading import reload_on_hangup
from hwaja.server.stopping import StopSignals

logs.configure("json")
faults.log_uncaught()
log = structlog.get_logger("hwaja.test")

def storm():
    for _ in range(10_000):
        os.kill(os.getpid(), signal.SIGHUP)

async def main():
    faults.log_uncaught_in_loop()
    signals = StopSignals()
    reload_on_hangup({"certificate": lambda: None}, lambda: None)
    storming = threading.Thread(target=storm)
    storming.start()
    log.info("busy")
    while storming.is_alive():  # the loop is blocked, by log calls that the signals interrupt
        log.info("busy")
    os.kill(os.getpid(), signal.SIGTERM)
    await signals.stop.wait()
    log.info("stopped")

asyncio.run(main())
"""


def test_a_storm_of_sighup_blocks_nothing_loses_no_stop_and_causes_one_reload() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0
    lines = [json.loads(line) for line in ended.stderr.splitlines()]  # and nothing else
    assert {line["event"] for line in lines} == {"busy", "reloaded", "stopping", "stopped"}
    assert [line["event"] for line in lines].count("reloaded") == 1
