"""The messages between the server process and a worker; `frames` writes and reads them."""

import msgspec

from hwaja.engines.recognition import NORMAL, Abilities, Candidate, Effort, Hypothesis
from hwaja.protocol.values import Options
from hwaja.text.numbers import NumberStyle

MAX_BATCH = 16
"""Most jobs in a batch: so many utterances of 29 s, the longest, fit a frame."""


class VoiceModels(msgspec.Struct, frozen=True):
    """The models that distinguish voices."""

    embedder_file: str
    segmenter_file: str


class Writing(msgspec.Struct, frozen=True):
    """How a text is written before it leaves the worker."""

    number_style: NumberStyle = NumberStyle.DIGITS
    masks: bool = False
    """Whether numbers that identify a person are replaced."""


class ModelOrigin(msgspec.Struct, frozen=True):
    """The models of the server, for a worker that may run on another machine (`model_origin`)."""

    cache: str
    """The server's cache folder. A model in it is looked for in that of the worker's machine."""
    digests: dict[str, str]
    """The digest of each file and folder of `Setup`, by its path on the server."""


class Setup(msgspec.Struct, frozen=True, tag=True):
    """The first frame to a worker: the models to load, and how to run them."""

    recogniser_dir: str
    voices: VoiceModels | None
    """None: the worker embeds no voices."""
    language: str
    """Whisper's language code, for example "ko"."""
    decoding_method: str = "greedy_search"
    low_priority: bool = False
    """Whether the worker runs only while no other process wants the processor."""
    provider: str = "cpu"
    """The device of the engine: "cpu" or "cuda"."""
    writing: Writing = Writing()
    extractor_dir: str | None = None
    """The model that extracts voices. None: the worker extracts none."""
    origin: ModelOrigin | None = None
    """None: the worker runs on the server's machine."""

    @property
    def beside_server(self) -> "Setup":
        """The same for a worker on the server's machine. Other machines may have a GPU, not it."""
        here = msgspec.structs.replace(self, origin=None, provider="cpu")
        return self if self.origin is None else here

    @property
    def kind(self) -> str:
        """The kind of worker, for the log."""
        return "interims worker" if self.low_priority else "worker"

    @property
    def paths(self) -> tuple[str, ...]:
        """The files and folders that the worker loads."""
        voices = self.voices
        files = () if voices is None else (voices.embedder_file, voices.segmenter_file)
        extractor = () if self.extractor_dir is None else (self.extractor_dir,)
        return (self.recogniser_dir, *files, *extractor)

    @property
    def models(self) -> str:
        """The files and folders that the worker loads, for a message."""
        return " and ".join(self.paths)


class LanguageSetup(msgspec.Struct, frozen=True, tag=True):
    """The first frame to the language worker."""

    kind = "language worker"
    models = "the Korean language model"
    """What the worker loads, for a message."""


# A job is a frame or part of a `Batch`, a stream is many frames. Each id is used once. A suspect is
# a job or stream that a worker may have died of. The worker announces it before it processes it.


class Recognise(msgspec.Struct, frozen=True, tag=True):
    """A job: recognise the text of a whole utterance."""

    job_id: int
    samples: memoryview
    """PCM16, little endian, 16 kHz mono."""
    speech_seconds: float
    """How much of it the gate took for speech."""
    options: Options = Options()
    suspect: bool = False
    effort: Effort = NORMAL
    offers: bool = False
    """Whether the worker sends `Candidates`, if it finds several, and waits for `Choose`."""
    voice: memoryview | None = None
    """`VOICE_SAMPLES` of a voice, as `samples`: recognise only what this voice says."""
    is_ahead: bool = False
    """Whether the session is ahead of real time, so that other jobs are done first."""


class Choose(msgspec.Struct, frozen=True, tag=True):
    """The choice among the candidates of a job."""

    job_id: int
    index: int


class Rank(msgspec.Struct, frozen=True, tag=True):
    """Find the likeliest of several texts, by the recogniser and by the language model."""

    rank_id: int
    candidates: list[Candidate]


class Embed(msgspec.Struct, frozen=True, tag=True):
    """A job: embed the voice in an utterance."""

    job_id: int
    samples: memoryview
    """PCM16, little endian, 16 kHz mono."""
    overlaps: bool = True
    """Whether to detect where two voices speak at once. False: the overlap is 0 everywhere."""
    suspect: bool = False
    is_ahead: bool = False
    """As that of `Recognise`."""


class Batch(msgspec.Struct, frozen=True, tag=True):
    """Several jobs that the worker does at once. None of them is a suspect."""

    jobs: list[Recognise | Embed]


class Open(msgspec.Struct, frozen=True, tag=True):
    """Open a stream for an utterance that is recognised while it is spoken."""

    stream_id: int
    options: Options
    interims: bool
    """Whether to send interim texts."""
    suspect: bool = False
    is_ahead: bool = False
    """Whether the session is ahead of real time, so that other streams are decoded first."""


class Feed(msgspec.Struct, frozen=True, tag=True):
    """The next samples of a stream."""

    stream_id: int
    samples: memoryview
    """PCM16, little endian, 16 kHz mono."""


class Finish(msgspec.Struct, frozen=True, tag=True):
    """The utterance of a stream has ended."""

    stream_id: int
    speech_seconds: float
    """How much of it the gate took for speech."""


class Drop(msgspec.Struct, frozen=True, tag=True):
    """Close a stream without a result, because the server no longer needs it."""

    stream_id: int


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The worker has loaded its models."""

    abilities: Abilities


class Unusable(msgspec.Struct, frozen=True, tag=True):
    """The worker cannot load its models, and ends. A restart would fail again."""

    sentence: str


class Recognised(msgspec.Struct, frozen=True, tag=True):
    """The reply to `Recognise`. The text is empty if the audio has no words."""

    job_id: int
    hypothesis: Hypothesis


class Candidates(msgspec.Struct, frozen=True, tag=True):
    """The texts among which the server chooses for a job, the likeliest first."""

    job_id: int
    candidates: list[Candidate]
    language: str


class Ranked(msgspec.Struct, frozen=True, tag=True):
    """The reply to `Rank`."""

    rank_id: int
    index: int


class Embedded(msgspec.Struct, frozen=True, tag=True):
    """The reply to `Embed`."""

    job_id: int
    vectors: memoryview
    """float32 little-endian: the embedding of the whole audio, then that of each window."""
    overlap: memoryview
    """float32 little-endian, one value per window: see `engines.interface.VoiceTrack`."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The engine failed on a job. The worker keeps running."""

    job_id: int


class StreamResult(msgspec.Struct, frozen=True):
    """The new result of one stream."""

    stream_id: int
    hypothesis: Hypothesis | None
    """None: the engine failed on the stream, which is closed."""
    is_final: bool


class Stepped(msgspec.Struct, frozen=True, tag=True):
    """The new results of all streams after one step."""

    results: list[StreamResult]


class SuspectNotice(msgspec.Struct, frozen=True, tag=True):
    """The worker is about to process a suspect. None: it has survived the suspect."""

    item_id: int | None


JobRequest = Recognise | Embed
StreamRequest = Open | Feed | Finish | Drop
Request = Setup | LanguageSetup | JobRequest | Batch | Choose | StreamRequest | Rank
JobReply = Recognised | Embedded | Failed
Reply = Ready | Unusable | JobReply | Candidates | Stepped | SuspectNotice | Ranked
