"""Writes the index of the speech folder for `hwaja bench attribution` and `load`.

hwaja bench experiment speech_index ../shared/speech > /tmp/speech.json
"""

import argparse
import json
from pathlib import Path

from hwaja_bench.speech.index import english, korean


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)


def run(args: argparse.Namespace) -> None:
    entries = [*korean(args.speech), *english(args.speech)]
    print(json.dumps(entries, ensure_ascii=False, indent=1))
