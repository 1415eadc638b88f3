"""Whisper on CTranslate2. Entry point: `whisper`."""
