"""What is played to a server: clips, levels, noise and rooms, sounds, dialogues."""
