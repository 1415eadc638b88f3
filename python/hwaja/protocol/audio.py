"""The audio on the wire: PCM16, little endian, mono."""

SAMPLE_RATE = 16_000
"""Samples per second, API specification section 4.1."""

CHUNK_SAMPLES = 4096
"""Samples in one message, specification section 4.1 (about 256 ms)."""

FLOOR_DBFS = -120.0
"""What the level of digital silence is reported as."""
