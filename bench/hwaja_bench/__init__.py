"""Measures hwaja's accuracy, delay, cost and endurance. `hwaja bench` runs all measurements.

This is a separate distribution, `hwaja-bench`. It may import all of hwaja; hwaja knows only the
name of its command. Begin with `command`, which lists the measurements. They share `server` (starts
a server), `client` (enrols, streams, records messages), `processes` (the server's resource usage),
`stats` (intervals, times) and `speech` (audio to play). `attribution` and `load` write reports on
the user's own clips. `soak` and `experiments` have one program per file.
"""
