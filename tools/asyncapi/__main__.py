"""Writes docs/asyncapi.yaml, and the tables of docs/protocol.md and docs/ko/protocol.md."""

from tools.asyncapi import document, korean, page

document.FILE.write_text(document.written(), encoding="utf-8")
for file, say in ((page.FILE, str), (korean.FILE, korean.say)):
    file.write_text(page.filled(file.read_text(encoding="utf-8"), say), encoding="utf-8")
