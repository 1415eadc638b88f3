"""hwaja's protocol for machines: docs/asyncapi.yaml and the tables of docs/protocol.md.

`make asyncapi` writes both from the server's own files, so that nothing is said twice: the fields,
their types, bounds and sentences are those of `messages.py` and `values.py`, codes and reasons
those of `codes.py`, and msgspec makes their schemas. The tables are written in Korean too, for
docs/ko/protocol.md: `korean.toml` has the sentences.
"""
