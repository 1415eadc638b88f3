"""Generates docs/asyncapi.yaml and the tables of docs/protocol.md from the server's code.

`make asyncapi` writes both, so that each fact has one source. The fields, their types, bounds and
sentences come from `client_messages.py`, `server_messages.py` and `values.py`, the codes and
reasons from `codes.py`. msgspec generates the schemas. The tables of docs/ko/protocol.md are
written in Korean; `korean.toml` has the sentences.
"""
