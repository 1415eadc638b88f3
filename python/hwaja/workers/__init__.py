"""The processes that run the engines, their supervision, and the frames that they exchange.

Imports `engines` and the packages below it. Begin with `pool`, which the server calls.
`transport` carries frames to a worker, on this machine or on another. `inference` is what runs in
the worker process.
"""
