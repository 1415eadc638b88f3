"""The English sentences with their Korean, `{name}` being a placeholder; see `sentences`."""
