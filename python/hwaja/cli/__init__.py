"""The command line: options of all commands, and the client for files and microphones.

May import everything. Begin with `main`.
"""
