"""The processes that run the engines, their supervision, and the frames that they exchange.

Imports `engines` and the packages below it. Begin with `pool`, which the server calls. `worker` is
the process at the other end of the pipes.
"""
