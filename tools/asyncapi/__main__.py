"""Writes docs/asyncapi.yaml, and the tables of docs/protocol.md."""

from tools.asyncapi import document, page

document.FILE.write_text(document.written(), encoding="utf-8")
page.FILE.write_text(page.filled(page.FILE.read_text(encoding="utf-8")), encoding="utf-8")
