"""The page in a browser, with a microphone that plays a file, and with a real server."""
