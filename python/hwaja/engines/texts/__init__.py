"""Chooses among the texts that a recogniser found, and cleans them. It reads no audio."""
