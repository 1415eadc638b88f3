"""What the WebSocket port answers to plain HTTP requests, and which pages may connect."""
