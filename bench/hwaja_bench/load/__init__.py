"""`hwaja bench load`: many clients that talk at the same time, and what each of them costs."""
