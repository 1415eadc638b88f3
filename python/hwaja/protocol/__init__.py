"""What crosses the wire: messages, their values, codes, texts; encoded and decoded.

Imports nothing else of the package. Begin with `messages`, in which each field stands once, with
its type (`field_types`). `parse` reads what a client sent, `serialize` writes what the server
answers; both go through `fields`. See docs/protocol.md.
"""
