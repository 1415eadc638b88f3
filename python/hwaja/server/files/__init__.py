"""Transcribes sound files that come by HTTP: `POST /v1/transcripts`; see docs/files.md.

Begin with `file_service.py`. A file is decoded in a process of its own (`decoder.py`) and goes
through a session (`file_job.py`) as the audio of a WebSocket does.
"""
