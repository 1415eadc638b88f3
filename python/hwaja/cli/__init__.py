"""The command line: options, and the client that transcribes files and microphones.

May import everything. Begin with `main`.
"""
