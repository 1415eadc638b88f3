"""The error that ends a measurement."""


class BenchmarkError(Exception):
    """The measurement cannot run. The message gives the reason in one sentence."""
