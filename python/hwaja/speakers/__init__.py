"""Who speaks: voices, scores, turns within an utterance, and verdicts on enrolments.

Imports `vad`, `workers` and what stands below. Begin with `attribution`, which has a session's
Imports `vad`, `workers` and what stands below. Begin with `attribution`, which has a session's
utterances compared with its `voices`. `diarize` makes parts of embeddings. `enroller` measures a
take, `verdict` judges it.
"""
