"""Why a file is not transcribed, as status and JSON of an HTTP response."""

from collections.abc import Mapping
from enum import Enum
from http import HTTPStatus
from typing import Any

from hwaja.protocol.codes import ErrorCode, Reason, Rejection

RETRY_SECONDS = 10
"""Sent as Retry-After: a place for a file may be free by then."""


class Problem(Enum):
    """A reason of the upload itself, with status and sentence."""

    BAD_OPTION = HTTPStatus.BAD_REQUEST, "An option is wrong."
    BAD_FORM = (
        HTTPStatus.BAD_REQUEST,
        "The body is no complete form with the parts of docs/files.md.",
    )
    BAD_REQUEST = HTTPStatus.BAD_REQUEST, "The request does not follow HTTP/1.1."
    HEADERS_TOO_LARGE = (
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "The headers of the request are too large.",
    )
    NO_FILE = HTTPStatus.BAD_REQUEST, "The form has no part named file."
    LATE_PART = (
        HTTPStatus.BAD_REQUEST,
        "Voices and options must come before the file, unless it is the first part, and short.",
    )
    UPLOAD_STALLED = HTTPStatus.REQUEST_TIMEOUT, "The upload stood still for too long."
    FILE_TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The file is too large."
    FILE_TOO_LONG = (
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The audio is longer than --max-file-seconds.",
    )
    NO_SOUND_FILE = (
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "The file is no WAV, FLAC, MP3, Ogg, M4A, AAC or WebM file with audio.",
    )
    FILE_DAMAGED = HTTPStatus.UNPROCESSABLE_ENTITY, "The sound file is damaged."
    FILES_UNSUPPORTED = (
        HTTPStatus.NOT_IMPLEMENTED,
        "The server has no decoder for sound files: pip install 'hwaja[files]'.",
    )
    SERVER_FAILED = HTTPStatus.INTERNAL_SERVER_ERROR, "An error inside the server ended the job."
    SERVER_STOPPED = HTTPStatus.SERVICE_UNAVAILABLE, "The server stops. Send the file again."

    @property
    def reason(self) -> str:
        """The name in the response."""
        return self.name.lower()


_OF_FULL = {
    Rejection.SERVER_FULL: HTTPStatus.SERVICE_UNAVAILABLE,
    Rejection.ADDRESS_FULL: HTTPStatus.TOO_MANY_REQUESTS,
    Rejection.TOKEN_FULL: HTTPStatus.TOO_MANY_REQUESTS,
}


_OF_SERVER: Mapping[str, Problem] = {
    Reason.SERVER_FAILED: Problem.SERVER_FAILED,
    Reason.SERVER_STOPPED: Problem.SERVER_STOPPED,
}


class FileError(Exception):
    """A file is not transcribed."""

    def __init__(
        self, status: HTTPStatus, fields: Mapping[str, Any], headers: Mapping[str, str] = {}
    ) -> None:
        super().__init__(fields["reason"])
        self.status = status
        self.fields = {"type": "error", **fields}
        """The body of the response: an object like `error` in docs/protocol.md."""
        self.headers = headers

    @classmethod
    def of(cls, problem: Problem, sentence: str | None = None) -> "FileError":
        """Return the error of a problem, with its own sentence or another one."""
        status, usual = problem.value
        fields = {"code": "FILE_REFUSED", "reason": problem.reason, "message": sentence or usual}
        is_passing = problem is Problem.SERVER_STOPPED
        return cls(status, fields, {"Retry-After": str(RETRY_SECONDS)} if is_passing else {})

    @classmethod
    def of_full(cls, reason: Rejection) -> "FileError":
        """Return the error of a server without a free place for a file."""
        fields = {
            "code": "CONNECTION_FAILED",
            "reason": reason.value,
            "message": "The server transcribes as many files as it may. Try again later.",
        }
        return cls(_OF_FULL[reason], fields, {"Retry-After": str(RETRY_SECONDS)})

    @classmethod
    def of_session(cls, message: Mapping[str, Any]) -> "FileError":
        """Return the error that a session sent with **details**, for example about a voice."""
        reason = message.get("reason", Reason.SERVER_FAILED)  # the last one of a fault has none
        if reason in _OF_SERVER:
            return cls.of(_OF_SERVER[reason])
        is_of_client = message["code"] != ErrorCode.CONNECTION_FAILED
        unprocessable, unavailable = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
        return cls(unprocessable if is_of_client else unavailable, message)
