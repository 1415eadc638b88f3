"""`hwaja bench attribution`: how often a label is right, on conversations made of clips.

One file for each step from clips to a report; `measuring.py` has their order.
"""
