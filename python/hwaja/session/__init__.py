"""One client's session without input or output: no clock, socket, task or array.

Imports the pure modules of `speakers`, `vad`, `engines` and `protocol`. Begin with
`state_machine`, which takes an event and returns effects. `events` defines both. `actions` handles
the events.
"""
