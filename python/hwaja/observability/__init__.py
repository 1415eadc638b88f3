"""Metrics of the process, its sessions and its event loop.

Imports `session` and what stands below. Begin with `metrics`.
"""
