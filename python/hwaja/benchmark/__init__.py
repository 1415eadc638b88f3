"""How often a label is right: conversations made of single-speaker clips, and a whole server.

May import all but `cli`. Begin with `command`.
"""
