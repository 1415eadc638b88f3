"""Programs for hwaja's developers. They are not part of the installed package."""
