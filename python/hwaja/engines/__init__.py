"""Adapters to recognisers, speaker embedders and detectors.

Imports `protocol` only. Begin with `interface`: what the rest of hwaja asks of an engine.
`sherpa` chooses the recogniser for a model folder.
"""
