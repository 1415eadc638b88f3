"""Metrics of the process, its sessions and its event loop.

Imports `session` and the packages below it. Begin with `metrics`.
"""
