"""The transcript of a file, and its forms: JSON, SubRip, WebVTT and plain text.

Pure functions. Imports `protocol` only. Begin with `transcript`; `writers` write it, `cues` divide
its utterances for subtitles.
"""
