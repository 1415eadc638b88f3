"""The audio that a client sends, as PCM16 of 16 kHz: decoded, resampled, a ring for each channel.

Imports `protocol` only, the ring in Rust, soxr, and PyAV if Opus is asked for. Begin with `stream`,
which holds all of one session. `decoder` turns messages into samples. `positions` knows which of
the client's samples a sample of the session is.
"""
