"""Where speech is, where an utterance ends, and whether the audio has the right format.

Imports `engines` (onnxruntime) and `protocol`. Begin with `gate`, which decides; `silero`
runs the detector for all sessions at once.
"""
