"""Nothing of a session is left behind: in memory, core dumps, files of others, or the log.

Imports nothing else of the package. Begin with `hardening`; docs/privacy.md has the promises.
"""
