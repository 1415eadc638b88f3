"""One client's session without input or output: no clock, socket, task or array.

Imports the pure modules of `speakers`, `vad`, `engines` and `protocol`. Begin with
`state_machine`: an event goes in, effects come out; `events` defines both, `actions` says what an
event does.
"""
