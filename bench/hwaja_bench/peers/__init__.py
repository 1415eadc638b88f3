"""Alternatives to hwaja, each in its own process; `side_by_side.py` measures them."""
