"""What chooses a threshold or finds a figure of bench/RESULTS.md: `hwaja bench experiment NAME`.

Each module is a program: its docstring says what it finds, `add_arguments` and `run` are what
`hwaja_bench.command` calls. A module without `run` is what several of them share.
"""
