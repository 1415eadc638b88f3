"""Who said it: scores against the enrolled voices, turns inside an utterance, doubt."""
