"""Voice tickets: the voice, the measurements, and every reason for which a ticket is refused."""

import numpy as np
import pytest

from hwaja.privacy.sealing import KeyRing
from hwaja.protocol.codes import Reason
from hwaja.protocol.values import MAX_TICKET_CHARS, Quality, QualityWarning
from hwaja.speakers.voice_tickets import DAY_SECONDS, Subjects, TicketError, VoiceTickets
from hwaja.speakers.voices import PooledVoice

RING = KeyRing.random()
VOICE = PooledVoice(np.random.default_rng(3).normal(size=512).astype(np.float32), 7.5, 2)
QUALITY = Quality(
    7.5,
    2,
    -30.25,
    25.0,
    0.0,
    0.91,
    other_similarity=0.3,
    takes_similarity=0.8,
    warnings=(QualityWarning(Reason.NOISY, "…"),),
)
TOKEN, OTHER = b"digest of a token", b"digest of another"


class Clock:
    def __init__(self) -> None:
        self.now = 1_756_000_000.5

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tickets(clock: Clock) -> VoiceTickets:
    return VoiceTickets(lambda: RING, "campplus-2", 30 * DAY_SECONDS, clock)


def refusal(tickets: VoiceTickets, text: str, subjects: Subjects = ()) -> Reason:
    with pytest.raises(TicketError) as caught:
        tickets.open(text, subjects)
    return caught.value.reason


def test_a_ticket_holds_the_same_voice_to_the_last_bit(tickets: VoiceTickets) -> None:
    pooled, quality = tickets.open(tickets.seal(VOICE, QUALITY, ()).text, ())
    assert pooled.voice.tobytes() == VOICE.voice.tobytes()
    assert pooled.voice.flags.writeable, "it must be overwritten later"
    assert (pooled.speech_seconds, pooled.takes) == (7.5, 2)
    # What depends on the session is measured anew.
    assert quality == Quality(7.5, 2, -30.25, 25.0, 0.0, 0.91)


def test_a_ticket_is_short_and_can_be_used_again(tickets: VoiceTickets) -> None:
    text = tickets.seal(VOICE, QUALITY, (TOKEN,)).text
    assert len(text) < MAX_TICKET_CHARS
    for _ in range(3):
        tickets.open(text, (TOKEN,))


def test_a_ticket_expires(tickets: VoiceTickets, clock: Clock) -> None:
    ticket = tickets.seal(VOICE, QUALITY, ())
    assert ticket.expires_at == 1_756_000_000 + 30 * DAY_SECONDS
    clock.now = ticket.expires_at - 0.5
    tickets.open(ticket.text, ())
    clock.now = ticket.expires_at
    assert refusal(tickets, ticket.text) is Reason.TICKET_EXPIRED


def test_a_ticket_of_another_key_is_foreign_until_the_key_is_added(tickets: VoiceTickets) -> None:
    secret, other = b"1" * 32, b"2" * 32
    rings = [KeyRing([secret])]
    rotating = VoiceTickets(lambda: rings[-1])
    text = rotating.seal(VOICE, QUALITY, ()).text
    assert refusal(tickets, text) is Reason.TICKET_FOREIGN
    rings.append(KeyRing([other, secret]))
    rotating.open(text, ())
    rings.append(KeyRing([other]))
    assert refusal(rotating, text) is Reason.TICKET_FOREIGN


def test_a_changed_ticket_is_refused(tickets: VoiceTickets) -> None:
    text = tickets.seal(VOICE, QUALITY, ()).text
    changed = text[:-2] + ("A" if text[-2] != "A" else "B") + text[-1]
    for each in (changed, text[:-4], "", "not a ticket", text + text):
        assert refusal(tickets, each) is Reason.TICKET_TAMPERED


def test_a_ticket_of_another_model_is_refused(tickets: VoiceTickets) -> None:
    text = VoiceTickets(lambda: RING, "campplus-3").seal(VOICE, QUALITY, ()).text
    assert refusal(tickets, text) is Reason.TICKET_OTHER_MODEL


def test_a_ticket_is_bound_to_the_token_of_its_client(tickets: VoiceTickets) -> None:
    text = tickets.seal(VOICE, QUALITY, (TOKEN,)).text
    tickets.open(text, (TOKEN,))
    tickets.open(text, (OTHER, TOKEN))
    assert refusal(tickets, text, (OTHER,)) is Reason.TICKET_OTHER_SUBJECT
    assert refusal(tickets, text) is Reason.TICKET_OTHER_SUBJECT


def test_a_ticket_of_a_server_without_tokens_is_bound_to_none(tickets: VoiceTickets) -> None:
    tickets.open(tickets.seal(VOICE, QUALITY, ()).text, (TOKEN,))


def test_the_keys_of_two_servers_differ_if_none_is_given() -> None:
    assert refusal(VoiceTickets(), VoiceTickets().seal(VOICE, QUALITY, ()).text) is (
        Reason.TICKET_FOREIGN
    )


def test_the_ticket_of_a_discovered_voice_has_no_measurements(tickets: VoiceTickets) -> None:
    found = PooledVoice(VOICE.voice, 12.25, takes=0)
    pooled, quality = tickets.open(tickets.seal(found, None, (TOKEN,)).text, (TOKEN,))
    assert pooled.voice.tobytes() == VOICE.voice.tobytes()
    assert (pooled.speech_seconds, pooled.takes, quality) == (12.25, 0, None)


def test_the_ticket_of_a_discovered_voice_is_refused_for_the_same_reasons(
    tickets: VoiceTickets, clock: Clock
) -> None:
    text = tickets.seal(VOICE, None, (TOKEN,)).text
    assert refusal(tickets, text, (OTHER,)) is Reason.TICKET_OTHER_SUBJECT
    assert refusal(VoiceTickets(clock=clock), text, (TOKEN,)) is Reason.TICKET_FOREIGN
    assert refusal(tickets, text[:-4] + "AAAA", (TOKEN,)) is Reason.TICKET_TAMPERED
    clock.now += 31 * DAY_SECONDS
    assert refusal(tickets, text, (TOKEN,)) is Reason.TICKET_EXPIRED
