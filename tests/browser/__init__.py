"""The page in a real browser: Chromium hears a microphone that plays a file, and talks to a server."""
