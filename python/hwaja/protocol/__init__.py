"""What crosses the wire: messages, their values, codes, texts; encoded and decoded.

Imports nothing else of the package. Begin with `messages`; `parse` reads what a client sent,
`serialize` writes what the server answers. See docs/protocol.md.
"""
