"""One client's session on its connection: input, output, tasks, and the registry of sessions."""
