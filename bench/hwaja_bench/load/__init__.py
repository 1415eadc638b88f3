"""`hwaja bench load`: runs many concurrent clients and measures the cost of each."""
