"""`hwaja doctor`: checks this machine and measures how many clients can speak at once.

May import all but `cli` and `client`. Begin with `diagnosis`, which runs the checks in order.
"""
