"""What a user would pick instead of hwaja, each in a process of its own; `side_by_side.py` asks."""
