"""The frames between server and worker, and what carries them: pipes, or calls of Ray."""
