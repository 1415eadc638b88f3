"""Detects speech, the ends of utterances, and audio in a wrong format.

Imports `engines` (onnxruntime) and `protocol`. Begin with `gate`, which finds the utterances.
`silero` runs the speech detector for all sessions at once.
"""
