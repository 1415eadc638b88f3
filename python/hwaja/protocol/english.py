"""The server's Korean sentences in English, for a person or a program that reads no Korean."""

from collections.abc import Mapping
from typing import Any

from hwaja.protocol.codes import ErrorCode, Reason

REASONS: Mapping[str, str] = {
    Reason.SERVER_FULL: "The server is full. Try again later.",
    Reason.SESSION_LIMIT: "The session has reached its limit. Connect again to go on.",
    Reason.AUDIO_LIMIT: "The transcription has reached its limit. Start again to go on.",
    Reason.IDLE: "The connection ends, because nothing was sent for a long time.",
    Reason.TOKEN_REVOKED: "The token was revoked. Ask who runs the server.",
    Reason.WRONG_STATE: "This cannot be asked for now.",
    Reason.UNKNOWN_SPEAKER: "There is no speaker with this number.",
    Reason.BAD_FIELD: "A field of the request has a wrong value.",
    Reason.NOT_ENROLLED: "The voices of both speakers must be enrolled first.",
    Reason.NO_AUDIO: "No audio has arrived. Check the microphone.",
    Reason.TOO_LITTLE_SPEECH: "There is too little speech. Speak for 3-5 s.",
    Reason.TOO_LONG: "The recording is too long. Speak for 3-5 s.",
    Reason.TWO_VOICES: "Two people can be heard. Only one may speak.",
    Reason.SAME_VOICE: "This voice is enrolled as another speaker. Another person should speak.",
    Reason.OTHER_VOICE: "This is not the voice that was enrolled before.",
    Reason.TICKET_EXPIRED: "The kept voice has expired. Enrol it again.",
    Reason.TICKET_FOREIGN: "The kept voice is of another server. Enrol it again.",
    Reason.TICKET_TAMPERED: "The kept voice is damaged. Enrol it again.",
    Reason.TICKET_OTHER_MODEL: "The server has another speaker model now. Enrol the voice again.",
    Reason.TICKET_OTHER_SUBJECT: "The voice was enrolled with another token. Enrol it again.",
    Reason.PERHAPS_TWO_VOICES: "Another voice seems to be in the recording. Speak alone.",
    Reason.SIMILAR_VOICE: "Two voices are similar. Check that they are two people.",
    Reason.WRONG_FORMAT: "The audio seems to have another format than PCM16 at 16 kHz, mono.",
    Reason.CLIPPED: "The recording is too loud and distorted. Keep away from the microphone a bit.",
    Reason.NOISY: "There is much noise. Speak where it is quiet.",
    Reason.QUIET: "The recording is very quiet. Come closer to the microphone.",
    Reason.LITTLE_SPEECH: "There is little speech. 3-5 s make the speakers more certain.",
    Reason.ENGINE_FAILED: "The server could not process the speech.",
    Reason.SERVER_FAILED: "The server had an error. Connect again.",
    Reason.SERVER_STOPPED: "The server has stopped, and has not processed the rest. Connect again.",
    Reason.LANGUAGE_UNSUPPORTED: "The recogniser of the server does not have this language.",
    Reason.HOTWORDS_UNSUPPORTED: "The recogniser of the server takes no hotwords.",
    Reason.HOTWORD_UNKNOWN: "A hotword has a character that the recogniser cannot write.",
    Reason.NOT_JSON: "The message is no JSON object.",
    Reason.UNKNOWN_TYPE: "The message has an unknown type.",
    Reason.MESSAGE_TOO_LONG: "The message is too long.",
    Reason.ODD_BYTE_COUNT: "PCM16 audio must have an even number of bytes.",
    Reason.RIFF_HEADER: "Send the PCM16 samples of a WAV file without its header.",
    Reason.INCOMPLETE_SAMPLE: "The audio ends within a sample.",
    Reason.NOT_FINITE: "The audio has values that are infinite or no number.",
    Reason.BAD_PACKET: "The message is no Opus packet.",
    Reason.PACKET_TOO_LONG: "The Opus packet is too long. Send at most 120 ms.",
    Reason.WRONG_CHANNELS: "The audio has another number of channels than was asked for.",
    Reason.ENCODING_UNSUPPORTED: "The server does not support this encoding of audio.",
    Reason.CHANNELS_UNSUPPORTED: "Two channels are only for a transcription of their speakers.",
}
"""One sentence for every reason; see `texts.REASONS`."""

CODES: Mapping[str, str] = {
    ErrorCode.CONNECTION_FAILED: "The connection has failed.",
    ErrorCode.SPEAKER_REGISTRATION_FAILED: "The voice was not enrolled. Try again.",
    ErrorCode.TRANSCRIPTION_FAILED: "The speech was not recognised.",
}
"""For an error without a reason; see `texts.SPECIFIED_ERRORS`."""

_TYPES = {
    "model_loaded": "The server is ready.",
    "speaker_registration_started": "The server listens to speaker {number}.",
    "speaker_registration_completed": "Speaker {number} is enrolled.",
    "transcription_started": "The transcription begins.",
    "transcription_stopped": "The transcription has ended.",
    "transcription_updated": "The options have changed.",
    "transcription_paused": "The transcription is paused.",
    "transcription_resumed": "The transcription goes on.",
}

_AHEAD: Mapping[str, str] = {
    Reason.SESSION_LIMIT: "The session reaches its limit in {seconds} s, and ends.",
    Reason.AUDIO_LIMIT: "The transcription reaches its limit in {seconds} s.",
    Reason.IDLE: "The connection ends if nothing is sent for another {seconds} s.",
}
"""What a client is told ahead of a limit; see `texts.AHEAD`."""


def in_english(message: Mapping[str, Any]) -> str:
    """Return what a message of the server, a warning of it or an error, tells a person.

    A text that is English already, as one about a file is, is returned as it is. Of a later
    server's message, the name of its reason, code or type is told.
    """
    text, kind = str(message.get("message", "")), str(message.get("type"))
    reason, code = message.get("reason"), message.get("code")
    if text and text.isascii():
        return text
    if kind in _TYPES:
        return _TYPES[kind].format(number=message.get("speaker_id", 0) + 1)
    if kind == "limit_warning" and reason is not None and reason in _AHEAD:
        return _AHEAD[reason].format(seconds=message["seconds_left"])
    if reason is not None:
        return REASONS.get(reason, f"{reason.replace('_', ' ')}.")
    return CODES.get(str(code), str(code or kind))
