"""Keeps session data out of freed memory, core dumps, other users' files and the log.

Imports nothing else of hwaja. Begin with `hardening`. docs/privacy.md lists the promises.
"""
