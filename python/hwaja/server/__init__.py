"""Sockets, TLS, admission, one task group per session, HTTP endpoints, shutdown.

May import all but `cli`, `doctor` and `client`. Begin with `application`, which builds the server,
and `sessions.session_runner`, which joins a session's state machine to its audio and the workers.
`network` has sockets and TLS, `access` says who may connect, `http` answers requests, and `files`
takes uploads.
"""
