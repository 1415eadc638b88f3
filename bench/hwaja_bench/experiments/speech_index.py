"""Writes the index of the speech folder for `hwaja bench attribution` and `load`.

hwaja bench experiment speech_index ../shared/speech > /tmp/speech.json

With --personalities, it has the nine voices of emotiontts, too.
"""

import argparse
import json
from pathlib import Path

from hwaja_bench.speech.index import english, korean, personalities


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("--personalities", action="store_true")


def run(args: argparse.Namespace) -> None:
    more = personalities(args.speech) if args.personalities else ()
    entries = [*korean(args.speech), *english(args.speech), *more]
    print(json.dumps(entries, ensure_ascii=False, indent=1))
