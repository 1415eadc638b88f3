"""What can go wrong with models."""


class ModelError(Exception):
    """A model cannot be found, fetched or converted. Its text is one sentence for the user."""
