"""The exception of the models package."""


class ModelError(Exception):
    """A model cannot be found, fetched or converted. The message is one sentence for the user."""


class UnreachableError(ModelError):
    """The server of a file cannot be reached."""
