"""How the text of one session's utterances is found: each as a whole, or while it is spoken.

Imports `workers` and what stands below. Begin with `recognition_strategy`.
"""
