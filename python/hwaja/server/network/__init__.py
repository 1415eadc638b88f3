"""Listening sockets, TLS and its certificate, proxies, and limits on connections."""
