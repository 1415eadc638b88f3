"""Everything Korean that a client sees."""

from hwaja.protocol.codes import AudioFormat, ErrorCode, Reason

# As the API specification has them, sections 1 to 3; `number` is the speaker's, from 1.
MODEL_LOADED = "STT AI 모델 로드 완료! 화자 등록을 시작하세요."
REGISTRATION_STARTED = "화자 {number}번의 목소리를 등록해주세요. (3-5초간 말씀해주세요)"
REGISTRATION_COMPLETED = "화자 {number}번 등록이 완료되었습니다."
TRANSCRIPTION_STARTED = "실시간 전사를 시작합니다."

# Beyond the specification.
TRANSCRIPTION_STOPPED = "실시간 전사를 종료했습니다."
TRANSCRIPTION_UPDATED = "전사 설정을 변경했습니다."
TRANSCRIPTION_PAUSED = "전사를 일시 중지했습니다."
TRANSCRIPTION_RESUMED = "전사를 다시 시작했습니다."
RESUMED = "이전 세션을 이어서 진행합니다."

SPECIFIED_ERRORS = {
    ErrorCode.CONNECTION_FAILED: "WebSocket 연결에 실패했습니다.",
    ErrorCode.SPEAKER_REGISTRATION_FAILED: "화자 등록에 실패했습니다. 다시 시도해주세요.",
    ErrorCode.TRANSCRIPTION_FAILED: "음성 인식에 실패했습니다.",
}
"""Error texts of the specification. A client without `details` gets exactly these."""

REASONS = {
    Reason.SERVER_FULL: "동시 접속 수를 초과했습니다. 잠시 후 다시 연결해주세요.",
    Reason.SESSION_LIMIT: "최대 접속 시간에 도달했습니다. 계속하려면 다시 연결해주세요.",
    Reason.AUDIO_LIMIT: "연속 전사의 최대 길이에 도달했습니다. 계속하려면 다시 시작해주세요.",
    Reason.IDLE: "오랫동안 메시지가 없어 연결을 종료합니다.",
    Reason.TOKEN_REVOKED: "접속 토큰이 취소되어 연결을 종료합니다. 서버 관리자에게 문의해주세요.",
    Reason.WRONG_STATE: "지금 단계에서는 처리할 수 없는 요청입니다.",
    Reason.UNKNOWN_SPEAKER: "speaker_id는 0 또는 1이어야 합니다.",
    Reason.BAD_FIELD: "요청 항목의 값이 올바르지 않습니다.",
    Reason.NOT_ENROLLED: "두 화자의 목소리를 먼저 등록해주세요.",
    Reason.NO_AUDIO: "받은 오디오가 없습니다. 마이크를 확인해주세요.",
    Reason.TOO_LITTLE_SPEECH: "음성이 너무 짧습니다. 3-5초간 말씀해주세요.",
    Reason.TOO_LONG: "등록 음성이 너무 깁니다. 3-5초간 말씀해주세요.",
    Reason.TWO_VOICES: "두 사람 이상의 목소리가 들립니다. 한 사람만 말씀해주세요.",
    Reason.SAME_VOICE: "다른 화자로 이미 등록된 목소리와 같습니다. 다른 사람이 말씀해주세요.",
    Reason.OTHER_VOICE: "앞서 등록한 목소리와 다릅니다. 같은 사람이 다시 말씀해주세요.",
    Reason.TICKET_EXPIRED: "보관된 목소리의 유효 기간이 지났습니다. 목소리를 다시 등록해주세요.",
    Reason.TICKET_FOREIGN: "이 서버에서 쓸 수 없는 목소리입니다. 목소리를 다시 등록해주세요.",
    Reason.TICKET_TAMPERED: "보관된 목소리가 손상되었습니다. 목소리를 다시 등록해주세요.",
    Reason.TICKET_OTHER_MODEL: "서버의 화자 모델이 바뀌었습니다. 목소리를 다시 등록해주세요.",
    Reason.TICKET_OTHER_SUBJECT: "다른 토큰으로 등록한 목소리입니다. 목소리를 다시 등록해주세요.",
    Reason.PERHAPS_TWO_VOICES: "다른 사람의 목소리가 섞인 것 같습니다. 혼자 말씀해주세요.",
    Reason.SIMILAR_VOICE: "두 화자의 목소리가 비슷합니다. 다른 사람인지 확인해주세요.",
    Reason.WRONG_FORMAT: "오디오 형식이 다른 것 같습니다. 16kHz 모노 PCM16으로 보내주세요.",
    Reason.CLIPPED: "소리가 너무 커서 찌그러집니다. 마이크에서 조금 떨어져 말씀해주세요.",
    Reason.NOISY: "주변 소음이 큽니다. 조용한 곳에서 말씀해주세요.",
    Reason.QUIET: "소리가 너무 작습니다. 마이크에 더 가까이 말씀해주세요.",
    Reason.LITTLE_SPEECH: "음성이 짧은 편입니다. 3-5초간 말씀하시면 더 정확합니다.",
    Reason.ENGINE_FAILED: "서버에서 음성을 처리하지 못했습니다.",
    Reason.SERVER_FAILED: "서버에 오류가 발생했습니다. 다시 연결해주세요.",
    Reason.SERVER_STOPPED: "서버가 종료되어 나머지 음성을 처리하지 못했습니다. 다시 연결해주세요.",
    Reason.LANGUAGE_UNSUPPORTED: "지금 사용 중인 음성 인식 모델이 지원하지 않는 언어입니다.",
    Reason.HOTWORDS_UNSUPPORTED: "지금 사용 중인 음성 인식 모델은 핫워드를 지원하지 않습니다.",
    Reason.HOTWORD_UNKNOWN: "음성 인식 모델이 표기할 수 없는 글자가 핫워드에 있습니다.",
    Reason.NOT_JSON: "JSON 객체 형식의 메시지가 아닙니다.",
    Reason.UNKNOWN_TYPE: "알 수 없는 메시지 유형입니다.",
    Reason.MESSAGE_TOO_LONG: "메시지가 너무 깁니다.",
    Reason.ODD_BYTE_COUNT: "PCM16 오디오의 바이트 수는 짝수여야 합니다.",
    Reason.RIFF_HEADER: "WAV 파일 헤더를 빼고 16kHz PCM16 데이터만 보내주세요.",
    Reason.INCOMPLETE_SAMPLE: "오디오가 샘플 중간에서 끊겼습니다. 샘플을 온전히 보내주세요.",
    Reason.NOT_FINITE: "오디오에 NaN 또는 무한대 값이 있습니다.",
    Reason.BAD_PACKET: "Opus 패킷을 해석할 수 없습니다. 메시지마다 패킷 하나만 보내주세요.",
    Reason.PACKET_TOO_LONG: "Opus 패킷이 너무 깁니다. 120ms 이하로 보내주세요.",
    Reason.WRONG_CHANNELS: "오디오의 채널 수가 요청한 것과 다릅니다.",
    Reason.ENCODING_UNSUPPORTED: "이 서버가 지원하지 않는 오디오 인코딩입니다.",
    Reason.CHANNELS_UNSUPPORTED: "두 채널은 채널을 화자로 쓰는 전사에서만 보낼 수 있습니다.",
}
"""One Korean sentence a person can act on, for every reason."""

AHEAD = {
    Reason.SESSION_LIMIT: "{seconds}초 후 최대 접속 시간에 도달하여 연결이 종료됩니다.",
    Reason.AUDIO_LIMIT: "{seconds}초 후 연속 전사의 최대 길이에 도달합니다.",
    Reason.IDLE: "{seconds}초 안에 메시지가 없으면 연결을 종료합니다.",
}
"""What a client is told ahead of a limit."""

FORMATS = {
    AudioFormat.FLOAT32: "32비트 실수(float32)",
    AudioFormat.FLOAT64: "64비트 실수(float64)",
    AudioFormat.INT32: "32비트 정수, 또는 왼쪽 채널이 비어 있는 스테레오",
    AudioFormat.INT24: "24비트 정수",
    AudioFormat.UINT16: "부호 없는 16비트 정수",
    AudioFormat.UINT8: "8비트 정수",
    AudioFormat.MU_LAW: "mu-law(G.711)",
    AudioFormat.A_LAW: "A-law(G.711)",
    AudioFormat.BIG_ENDIAN: "빅 엔디안",
    AudioFormat.SHIFTED: "한 바이트 밀린 PCM16",
    AudioFormat.STEREO: "두 채널(스테레오)",
    AudioFormat.HIGHER_RATE: "44.1kHz 또는 48kHz",
}
"""What audio in another format looks like."""

_LOOKS_LIKE = "오디오가 {format}(으)로 보입니다. 16kHz 모노 PCM16(리틀 엔디안)으로 보내주세요."
UNHEARD_SPEAKER = "이 번호로 등록되었거나 말한 화자가 없습니다."
_UNKNOWN_OF_MORE_SPEAKERS = "speaker_id는 0부터 {last}까지의 정수여야 합니다."


def sentence(reason: Reason, max_speakers: int, looks_like: AudioFormat | None = None) -> str:
    """Return the sentence for a reason.

    Args:
        reason: why.
        max_speakers: how many speakers the server takes.
        looks_like: with `wrong_format` which; None where that is not known.

    """
    if looks_like is not None:
        return _LOOKS_LIKE.format(format=FORMATS[looks_like])
    if reason is Reason.UNKNOWN_SPEAKER and max_speakers > 2:
        return _UNKNOWN_OF_MORE_SPEAKERS.format(last=max_speakers - 1)
    return REASONS[reason]
