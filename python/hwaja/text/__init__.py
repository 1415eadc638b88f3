"""The written form of a recognised text: numbers, masking, and the times of changed tokens.

Imports `protocol` only, and the standard library. Begin with `numbers.written`: one form for the
numbers of a Korean text. `masking.masked` replaces the numbers that identify a person.
`retiming.retimed` gives the tokens of the text before a change the text after it.
"""
