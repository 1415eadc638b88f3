"""Strategies for all messages of the server, for hypothesis."""

from hypothesis import strategies as st

from hwaja.protocol.codes import ADVICE, AudioFormat, ErrorCode, Reason
from hwaja.protocol.server_messages import (
    AudioReceived,
    Error,
    Interim,
    LimitWarning,
    ModelLoaded,
    RegistrationCompleted,
    RegistrationStarted,
    ServerMessage,
    SessionShared,
    SpeakerNamed,
    SpeakerUpdate,
    TooFarAhead,
    Transcription,
    TranscriptionStarted,
    TranscriptionStopped,
    VoiceSealed,
)
from hwaja.protocol.texts import AHEAD
from hwaja.protocol.values import (
    MAX_ECHOED_ID,
    MOST_SPEAKERS,
    Details,
    Label,
    NamedSpeaker,
    Place,
    Quality,
    SpeakerShare,
    SpeakerSpeech,
    Summary,
    Token,
)
from hwaja.speakers.verdict import with_warnings

link_keys = st.text("AZaz09-_", min_size=32, max_size=32)
ids = st.integers(0, MOST_SPEAKERS - 1)
counts = st.integers(0, 10**9)
seconds = st.floats(0, 10**6)
cosines = st.floats(-1, 1)
shares = st.floats(0, 1)
levels = st.floats(-120, 0)
codes = st.sampled_from(["ko", "en"])
stamps = st.just("2025-08-21T05:30:15.123Z")
states = st.sampled_from(["ready", "enrolling", "verifying", "transcribing", "draining"])
refusals = st.sampled_from([reason for reason in Reason if reason not in ADVICE])

qualities = st.builds(
    Quality,
    speech_seconds=seconds,
    takes=st.integers(1, 100),
    level_dbfs=levels,
    snr_db=st.floats(-50, 120),
    clipped_share=shares,
    agreement=cosines,
    other_similarity=st.none() | cosines,
    takes_similarity=st.none() | cosines,
).map(with_warnings)
tokens = st.builds(Token, text=st.text(), start_seconds=seconds)
details = st.builds(
    Details,
    start_seconds=seconds,
    end_seconds=seconds,
    label=st.sampled_from(Label),
    probability=shares,
    scores=st.lists(cosines, max_size=MOST_SPEAKERS).map(tuple),
    margin=st.none() | st.floats(0, 10),
    overlap_seconds=seconds,
    speakers=st.lists(st.builds(SpeakerSpeech, ids, seconds), max_size=3).map(tuple),
    tokens=st.lists(tokens, max_size=3).map(tuple),
    language=st.none() | codes,
    speaker_name=st.none() | st.text(),
)
names = st.lists(st.builds(NamedSpeaker, ids, st.text()), max_size=3).map(tuple)
places = st.builds(Place, states, st.lists(ids, unique=True).map(tuple), counts, names)
speakers = st.builds(SpeakerShare, ids, counts, seconds, st.none() | st.text())
summaries = st.builds(Summary, counts, counts, seconds, st.lists(speakers, max_size=3).map(tuple))
told_ids = st.none() | st.integers(-MAX_ECHOED_ID, MAX_ECHOED_ID)

transcriptions = st.builds(
    Transcription,
    ids,
    st.text(min_size=1),
    stamps,
    levels,
    st.none() | counts,
    st.none() | details,
    st.none() | counts,
)

messages: st.SearchStrategy[ServerMessage] = st.one_of(
    st.builds(ModelLoaded, st.none()),
    st.builds(ModelLoaded, st.text(), st.none() | places),
    st.builds(RegistrationStarted, ids),
    st.builds(RegistrationCompleted, ids, st.none() | qualities),
    st.builds(
        RegistrationCompleted,
        ids,
        st.none() | qualities,
        st.text("AZaz09-_", min_size=40, max_size=4095),
        st.just("2025-09-20T05:30:02.000Z"),
    ),
    st.builds(TranscriptionStarted),
    transcriptions,
    st.builds(Interim, counts, st.text(), counts),
    st.builds(SpeakerUpdate, counts, ids),
    st.builds(SpeakerNamed, ids, st.text()),
    st.builds(VoiceSealed, ids)
    | st.builds(
        VoiceSealed,
        ids,
        st.text("AZaz09-_", min_size=40, max_size=4095),
        st.just("2025-09-20T05:30:02.000Z"),
    ),
    st.builds(SessionShared, link_keys, link_keys) | st.just(SessionShared()),
    st.builds(TranscriptionStopped, summaries),
    st.builds(AudioReceived, counts, st.none() | counts),
    st.builds(TooFarAhead, seconds, st.booleans()),
    st.builds(LimitWarning, st.sampled_from(list(AHEAD)), counts),
    st.builds(
        Error,
        st.sampled_from(ErrorCode),
        refusals,
        told_ids,
        st.none() | st.sampled_from(AudioFormat),
        st.none() | counts,
        st.none() | qualities,
    ),
)
"""Any message of the server."""
