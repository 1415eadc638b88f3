"""What a fuzzer feeds: for each boundary a function that takes any bytes and keeps its promises.

A target takes bytes and raises only where a promise is broken. pytest replays the inputs in
tests/corpus and tries some more (test_fuzzing.py); `hwaja bench soak fuzz` searches,
guided by coverage.
"""

from collections.abc import Callable

from fuzzing import audio, boundary, messages, readers, session

TARGETS: dict[str, Callable[[bytes], None]] = {
    "audio": audio.run,
    "messages": messages.run,
    "session": session.run,
    "boundary": boundary.run,
    "readers": readers.run,
}
