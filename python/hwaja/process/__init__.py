"""What front and workers need as processes: the log, and supervision of long-lived tasks.

Imports `privacy` only. Begin with `log_setup` and `supervision`.
"""
