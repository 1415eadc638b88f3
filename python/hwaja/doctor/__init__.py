"""`hwaja doctor`: whether this machine can serve, and how many clients can speak at once.

May import all but `cli` and `client`. Begin with `diagnosis`, which runs one check after the other.
"""
