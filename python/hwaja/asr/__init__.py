"""Recognition of one session's utterances: one handle per utterance, for any recogniser.

Imports `vad`, `workers` and the packages below them. Begin with `utterance`.
"""
