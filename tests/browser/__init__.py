"""The page in Chromium, with a microphone that plays a file, and with a real server."""
