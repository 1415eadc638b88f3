"""Speaker recognition: voices, scores, turns within an utterance, and verdicts on enrolments.

Imports `vad`, `workers` and the packages below them. Begin with `attribution`: it compares a
session's utterances with its `voices`. `diarize` divides an utterance into parts by its embeddings.
`enroller` measures a take, `verdict` accepts or refuses it.
"""
