"""How often a label is right: conversations made of single-speaker clips, and a whole server."""
