"""The error that ends a measurement."""


class BenchmarkError(Exception):
    """The measurement cannot be run as asked. Says why in one sentence."""
