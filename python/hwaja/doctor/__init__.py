"""`hwaja doctor`: says whether this machine can serve, and for how many speakers."""
