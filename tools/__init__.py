"""What the developers of hwaja run, and nobody who serves: no part of the package."""
