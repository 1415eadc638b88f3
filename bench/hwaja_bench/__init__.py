"""Measures hwaja: accuracy, delay, cost, endurance. `hwaja bench` runs all of it.

A distribution of its own, `hwaja-bench`; hwaja knows nothing of it but the name of its command. It
may import all of hwaja. Begin with `command`: what there is. Every measurement shares `server` (a
server of its own), `client` (enrols, streams, keeps what comes), `processes` (what the server
uses), `stats` (intervals, times) and `speech` (what is played). `attribution` and `load` write
reports on clips of the user's own; `soak` and `experiments` hold one program a file.
"""
