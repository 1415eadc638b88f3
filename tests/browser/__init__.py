"""The page in Chromium, which hears a microphone that plays a file, and talks to a server."""
