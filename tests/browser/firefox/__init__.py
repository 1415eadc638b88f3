"""The page in Firefox, where it is installed."""
