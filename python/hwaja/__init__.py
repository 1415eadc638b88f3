"""hwaja: real-time speech-to-text that says who spoke each sentence."""

from importlib.metadata import version

__version__ = version("hwaja")
