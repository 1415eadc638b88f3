"""Processes that run the engines, their supervision, and the frames between.

Imports `engines` and what stands below. Begin with `pool`, which the server calls; `worker` is the
process on the other side of the pipes.
"""
