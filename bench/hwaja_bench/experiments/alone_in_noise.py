"""Measures the recogniser alone on the clips of `hwaja bench attribution`, to compare CER in noise.

hwaja bench experiment alone_in_noise --speech ../shared/speech --rttm-like INDEX
    --snr 10-babble 10-cafe [--group DanceStudio] [--limit 3]

The conversations are those that `hwaja bench attribution --condition spaced` plays with the same
arguments. The recogniser gets each clip cut out of its conversation at its true ends: no speech
detection, no language model, no fallback.
"""

import argparse

from hwaja.engines.interface import Recognizer, Utterance
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.selection.error_counts import edits, normalise
from hwaja_bench.arguments import add_clips, positive
from hwaja_bench.attribution.conversation import Conversation, plan
from hwaja_bench.attribution.recording import Recording, record
from hwaja_bench.offline import whole_recogniser
from hwaja_bench.speech.conditions import CONDITIONS, LOUD_SNRS_DB, SNRS_DB
from hwaja_bench.speech.corpus import load_corpus, samples_of

MODEL = "whisper-base"
MARGIN_SAMPLES = SAMPLE_RATE // 5
"""Audio before and after a clip, as the gate's pre-roll."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_clips(parser)
    parser.add_argument("--snr", nargs="+", choices=[*SNRS_DB, *LOUD_SNRS_DB], default=["10"])
    parser.add_argument("--limit", type=positive, default=3)


def run(args: argparse.Namespace) -> None:
    clips = load_corpus(args.speech, args.index, args.groups)
    conversations = plan(clips, args.seed, [CONDITIONS["spaced"]], args.limit)
    recogniser = whole_recogniser(MODEL)
    for snr in args.snr:
        wrong = chars = 0
        for conversation in conversations:
            counted = counts(recogniser, conversation, record(conversation, snr, args.seed))
            wrong, chars = wrong + counted[0], chars + counted[1]
        print(f"{snr}: CER {wrong / chars:.3f} of {chars} characters", flush=True)


def counts(
    recogniser: Recognizer, conversation: Conversation, recording: Recording
) -> tuple[int, int]:
    """Return the edits and the reference characters of a conversation."""
    talk = samples_of(recording.pcm)
    wrong = chars = 0
    for turn in conversation.turns:
        said = normalise(turn.clip.text or "")
        heard = talk[max(0, turn.start - MARGIN_SAMPLES) : turn.stop + MARGIN_SAMPLES]
        wrong += edits(said, normalise(recogniser.recognise(Utterance(heard)).text))
        chars += len(said)
    return wrong, chars
