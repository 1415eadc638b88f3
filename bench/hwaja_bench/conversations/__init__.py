"""Clients that hold conversations while a soak goes on, and what they got."""
