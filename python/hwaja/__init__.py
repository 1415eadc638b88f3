"""hwaja: real-time speech-to-text that says who spoke each sentence."""
