"""The log, and the supervision of long-lived tasks, for the front and the workers.

Imports `privacy` only. Begin with `log_setup` and `supervision`.
"""
