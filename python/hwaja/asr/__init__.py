"""The texts of one session's utterances: one handle for each, whatever recogniser decodes it.

Imports `vad`, `workers` and what stands below. Begin with `utterance`.
"""
