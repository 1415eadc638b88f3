"""What the client says of files, the microphone and its connection, and a server of a file."""

SENTENCES = {
    "{file} does not exist.": "{file} 파일이 없습니다.",
    "{file} is not a sound file that can be read.": (
        "{file} 파일은 읽을 수 있는 소리 파일이 아닙니다."
    ),
    "{file} does not have {channels} channels, but {found}.": (
        "{file} 파일은 {channels}채널이 아니라 {found}채널입니다."
    ),
    "Reading sound files other than WAV of 16-bit samples at 16 kHz needs: {command}.": (
        "16비트, 16kHz WAV가 아닌 소리 파일을 읽으려면 다음을 실행하세요: {command}"
    ),
    "{file} cannot be read: {reason}.": "{file} 파일을 읽을 수 없습니다({reason}).",
    "{file} cannot be written: {reason}.": "{file} 파일을 쓸 수 없습니다({reason}).",
    "{file} cannot be used: {reason}.": "{file} 파일을 쓸 수 없습니다({reason}).",
    "{file} holds no certificate.": "{file} 파일에 인증서가 없습니다.",
    "{file} is no voice that --save-voice kept.": (
        "{file} 파일은 --save-voice로 보관한 목소리가 아닙니다."
    ),
    "The microphone needs: {command}.": "마이크를 쓰려면 다음을 실행하세요: {command}",
    "The microphone needs: {command}, and PortAudio: {install}.": (
        "마이크를 쓰려면 다음을 실행하고 PortAudio도 설치하세요: {command}, {install}"
    ),
    "The microphone needs PortAudio: {install}.": (
        "마이크를 쓰려면 PortAudio를 설치하세요: {install}"
    ),
    "The microphone cannot be used: {reason}. To see which ones there are, run {command}.": (
        "마이크를 쓸 수 없습니다({reason}). 어떤 장치가 있는지 보려면 다음을 실행하세요: {command}"
    ),
    "The microphone has stopped: it sends no more audio.": (
        "마이크가 멈췄습니다. 더는 소리가 들어오지 않습니다."
    ),
    "The connection was lost, and the session with it: enrol the voices again.": (
        "연결과 함께 세션도 끊겼습니다. 목소리를 다시 등록하세요."
    ),
    "The connection is closed.": "연결이 닫혀 있습니다.",
    "The session is over.": "세션이 끝났습니다.",
    "No server answers at {url} ({kind}).": "{url}에서 응답하는 서버가 없습니다({kind}).",
    "The server at {url} has ended the connection.": "{url} 서버가 연결을 끊었습니다.",
    "The server closed the connection (code {code}).": "서버가 연결을 끊었습니다(코드 {code}).",
    "The server is not a hwaja server.": "hwaja 서버가 아닙니다.",
    "The server sent a message that does not follow the protocol.": (
        "서버가 프로토콜에 맞지 않는 메시지를 보냈습니다."
    ),
    "The server does not say that it is ready.": "서버가 준비되었다고 응답하지 않습니다.",
    "The server is too old for --save-voice.": ("서버가 오래되어 --save-voice를 쓸 수 없습니다."),
    "The server is too old for other audio than PCM16, 16 kHz, mono.": (
        "서버가 오래되어 16kHz 모노 PCM16 오디오만 받습니다."
    ),
    "The certificate of {url} is not trusted.": "{url} 서버의 인증서를 신뢰할 수 없습니다.",
    "The certificate of {url} is not trusted ({reason}).": (
        "{url} 서버의 인증서를 신뢰할 수 없습니다({reason})."
    ),
    "The server at {url} {fault}.": "{url} 서버의 답: {fault}.",
    "A token has {characters} and nothing else.": "토큰에는 {characters}만 쓸 수 있습니다.",
    "{url} is no address of a server, which begins with wss:// or ws://.": (
        "{url}은(는) 서버의 주소가 아닙니다. 주소는 wss://나 ws://로 시작합니다."
    ),
    "The server answered: {sentence}": "서버의 응답: {sentence}",
    # server/files
    "An option is wrong.": "옵션이 올바르지 않습니다.",
    "The body is no complete form with the parts of docs/files.md.": (
        "요청 본문이 docs/ko/files.md에 있는 형식의 온전한 폼이 아닙니다."
    ),
    "The request does not follow HTTP/1.1.": "HTTP/1.1에 맞지 않는 요청입니다.",
    "The headers of the request are too large.": "요청 헤더가 너무 큽니다.",
    "The form has no part named file.": "폼에 file이라는 부분이 없습니다.",
    "Voices and options must come before the file, unless it is the first part, and short.": (
        "목소리와 옵션은 파일보다 앞에 와야 합니다. 짧은 파일이 맨 앞에 올 때는 예외입니다."
    ),
    "The upload stood still for too long.": "업로드가 너무 오래 멈춰 있었습니다.",
    "The file is too large.": "파일이 너무 큽니다.",
    "The audio is longer than --max-file-seconds.": "오디오가 --max-file-seconds보다 깁니다.",
    "The file is no WAV, FLAC, MP3, Ogg, M4A, AAC or WebM file with audio.": (
        "소리가 든 WAV, FLAC, MP3, Ogg, M4A, AAC, WebM 파일이 아닙니다."
    ),
    "The sound file is damaged.": "소리 파일이 손상되었습니다.",
    "The server has no decoder for sound files: {command}.": (
        "서버에 소리 파일을 읽을 디코더가 없습니다. 서버에서 다음을 실행하세요: {command}"
    ),
    "An error inside the server ended the job.": "서버에 오류가 나서 작업이 끝났습니다.",
    "The server stops. Send the file again.": "서버가 멈춥니다. 파일을 다시 보내세요.",
    "The server transcribes as many files as it may. Try again later.": (
        "서버가 한 번에 처리할 수 있는 만큼 파일을 전사하고 있습니다. 잠시 뒤에 다시 시도하세요."
    ),
    "The client token has expired.": "클라이언트 토큰이 만료되었습니다.",
    "The client token was used before.": "이미 사용한 클라이언트 토큰입니다.",
    "The client token is bound to another origin.": ("다른 출처에 묶인 클라이언트 토큰입니다."),
    "The token is missing or wrong.": "토큰이 없거나 올바르지 않습니다.",
    "Pages of that site may not connect. --origins lists the sites that may.": (
        "그 사이트의 페이지는 접속할 수 없습니다. 접속할 수 있는 사이트는 --origins에 있습니다."
    ),
    "This server is not known by that name. Its certificate and --hosts list its names.": (
        "서버의 이름이 아닙니다. 서버의 이름은 인증서와 --hosts에 있습니다."
    ),
    "There is no option or part {name}. The options are: {known}.": (
        "{name}이라는 옵션이나 부분은 없습니다. 쓸 수 있는 옵션: {known}."
    ),
    "The format must be one of: {known}.": "형식은 다음 가운데 하나여야 합니다: {known}.",
    "The value of {name} is wrong.": "{name}의 값이 올바르지 않습니다.",
    "The part {name} is too long.": "{name} 부분이 너무 깁니다.",
    "The part {name} is no text.": "{name} 부분이 텍스트가 아닙니다.",
}
