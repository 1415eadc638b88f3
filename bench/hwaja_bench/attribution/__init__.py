"""`hwaja bench attribution`: measures how often speaker labels are right, on mixed clips.

Each step from clips to the report has one file; `measuring.py` has their order.
"""
