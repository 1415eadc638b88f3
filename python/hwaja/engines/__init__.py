"""Adapters to recognisers, speaker embedders and detectors.

Imports `protocol` only. Begin with `interface`: what the rest of hwaja asks of an engine.
`loading` chooses the recogniser for a model folder: of `ctranslate2` (Whisper), or of `sherpa`,
whose files `model_checks` checks first. `texts` chooses among the texts that a recogniser found.
"""
