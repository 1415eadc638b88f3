"""hwaja's protocol for machines: docs/asyncapi.yaml and the tables of docs/protocol.md.

`make asyncapi` writes both from the server's own files, so that nothing is said twice: the fields,
their types and their sentences are those of `messages.py`, bounds those of `parse.py`, codes and
reasons those of `codes.py`, the order of the keys that of `serialize.py`. The tables are written in
Korean too, for docs/ko/protocol.md: `korean.toml` has the sentences.
"""
