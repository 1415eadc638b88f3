"""Audio for the server: clips, levels, noise and rooms, sounds, dialogues."""
