"""Each recipient hears things in the order in which they happened, and what is stuck holds up nobody else."""

import random
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest

from api.alerts.outcomes import MOST_REFUSALS, SCHEDULE, SendResult
from api.store import dead_letters, outbox

from .conftest import World

GOOD, BAD = SendResult("delivered", 204), SendResult("http_status", 500)
REFUSED = SendResult("http_status", 422, refused=True)


class Receiver:
    """Stands for every receiver: notes what comes, and answers as the test says."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.taken: list[str] = []
        self.answers: Callable[[str], SendResult] = lambda _: GOOD
        self._lock = threading.Lock()

    def __call__(self, _url: str, _secret: str, message_id: str, _body: bytes, _now: datetime) -> SendResult:
        result = self.answers(message_id)
        with self._lock:
            self.sent.append(message_id)
            if result.delivered and message_id not in self.taken:
                self.taken.append(message_id)
        return result


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


def test_what_stands_behind_a_failure_waits_for_it_and_is_not_sent_in_vain(world: World, receiver: Receiver) -> None:
    world.partner("ngo", url="https://ngo.example")
    first, second, third = (world.alert("ngo")[0] for _ in range(3))
    dispatcher = world.dispatcher(webhook_sender=receiver)
    receiver.answers = lambda message: BAD if message == second and len(receiver.sent) < 2 else GOOD
    assert dispatcher.run_once() == 2
    assert receiver.sent == [first, second]
    assert [world.state(one) for one in (first, second, third)] == ["delivered", "retrying", "queued"]
    assert world.outcomes(third) == []
    fourth = world.alert("ngo", priority="standard")[0]
    assert dispatcher.run_once() == 0
    world.clock.advance(seconds=5)
    assert dispatcher.run_once() == 1, "a receiver that failed is asked with one message"
    assert dispatcher.run_once() == 2
    assert receiver.sent[2:] == [second, third, fourth]


def test_the_other_channel_and_other_recipients_do_not_wait(world: World, receiver: Receiver) -> None:
    mails: list[str] = []
    world.partner("ngo", url="https://ngo.example", email="officer@police.example")
    world.partner("other", url="https://other.example")
    stuck = world.alert("ngo", "webhook", "email")[0]
    behind = world.alert("ngo", "webhook", "email")
    other = world.alert("other")[0]
    receiver.answers = lambda message: BAD if message == stuck else GOOD

    def mail(message: EmailMessage) -> SendResult:
        mails.append(message["Message-ID"])
        return SendResult("delivered", 250)

    assert world.dispatcher(webhook_sender=receiver, email_sender=mail).run_once() == 4
    assert sorted(receiver.sent) == sorted([stuck, other])
    assert [mail.partition("@")[0] for mail in mails] == ["<ob-0001-email", "<ob-0002-email"]
    assert world.state(behind[0]) == "queued"


def test_a_digest_stands_in_no_line_before_its_hour(world: World, receiver: Receiver) -> None:
    world.partner("ngo", url="https://ngo.example")
    digest = world.alert("ngo", not_before=world.clock() + timedelta(hours=12))[0]
    at_once = world.alert("ngo")[0]
    dispatcher = world.dispatcher(webhook_sender=receiver)
    assert dispatcher.run_once() == 1
    world.clock.advance(hours=12)
    assert dispatcher.run_once() == 1
    assert receiver.sent == [at_once, digest]


def test_for_a_critical_one_behind_it_a_waiting_head_is_tried_every_five_minutes(
    world: World, receiver: Receiver
) -> None:
    world.partner("ngo", url="https://ngo.example")
    head = world.alert("ngo", priority="standard")[0]
    receiver.answers = lambda _: BAD
    dispatcher = world.dispatcher(webhook_sender=receiver)
    for wait in (0, 5, 300, 1800):
        world.clock.advance(seconds=wait)
        assert dispatcher.run_once() == 1
    due = world.message(head).next_attempt_at
    assert due == world.clock() + timedelta(hours=2)
    world.alert("ngo", priority="standard")
    world.clock.advance(minutes=6)
    assert dispatcher.run_once() == 0, "nobody is in a hurry"
    critical = world.alert("ngo", priority="critical")[0]
    assert dispatcher.run_once() == 1
    assert dispatcher.run_once() == 0
    world.clock.advance(minutes=4, seconds=59)
    assert dispatcher.run_once() == 0
    world.clock.advance(seconds=2)
    assert dispatcher.run_once() == 1
    assert world.message(head).next_attempt_at == due, "its own time stays"
    receiver.answers = lambda _: GOOD
    world.clock.advance(minutes=6)
    assert dispatcher.run_once() == 1
    assert dispatcher.run_once() == 2
    assert receiver.taken == [head, "ob-0002-webhook", critical]


def test_what_was_tried_ahead_of_its_time_keeps_its_whole_schedule(world: World, receiver: Receiver) -> None:
    world.partner("ngo", url="https://ngo.example")
    head, _ = world.alert("ngo")[0], world.alert("ngo")
    receiver.answers = lambda _: BAD
    dispatcher = world.dispatcher(webhook_sender=receiver)
    regular = 0
    while world.state(head) != "dead_letter":
        due = world.message(head).next_attempt_at
        assert (regular, len(receiver.sent)) < (11, 200)
        regular += due <= world.clock()
        assert dispatcher.run_once() == 1
        wait = world.message(head).next_attempt_at - world.clock()
        world.clock.advance(seconds=min(wait, timedelta(hours=1)).total_seconds())
    assert regular == len(SCHEDULE)
    assert len(receiver.sent) > 50


def test_a_receiver_that_asked_for_time_is_given_it(world: World, receiver: Receiver) -> None:
    world.partner("ngo", url="https://ngo.example")
    world.alert("ngo")
    receiver.answers = lambda _: SendResult("asked_to_wait", 429, retry_after=timedelta(hours=1))
    dispatcher = world.dispatcher(webhook_sender=receiver)
    dispatcher.run_once()
    world.alert("ngo")
    world.clock.advance(minutes=59)
    assert dispatcher.run_once() == 0
    world.clock.advance(minutes=1)
    assert dispatcher.run_once() == 1


def test_what_is_refused_for_itself_is_given_up_where_the_receiver_takes_others(
    world: World, receiver: Receiver
) -> None:
    world.partner("ngo", url="https://ngo.example")
    before, poison, behind = (world.alert("ngo")[0] for _ in range(3))
    receiver.answers = lambda message: REFUSED if message == poison else GOOD
    dispatcher = world.dispatcher(webhook_sender=receiver)
    for step in SCHEDULE[:MOST_REFUSALS]:
        assert world.state(behind) == "queued"
        world.clock.advance(seconds=step.total_seconds())
        dispatcher.run_once()
    assert world.state(poison) == "dead_letter"
    dispatcher.run_once()
    assert receiver.taken == [before, behind]
    with world.database.read() as connection:
        [letter] = dead_letters.dead_letters(connection)
    assert (letter.message_id, letter.status_code) == (poison, 422)


def test_a_receiver_that_takes_nothing_loses_nothing_by_refusing(world: World, receiver: Receiver) -> None:
    world.partner("ngo", url="https://ngo.example")
    head = world.alert("ngo")[0]
    receiver.answers = lambda _: REFUSED
    dispatcher = world.dispatcher(webhook_sender=receiver)
    for step in SCHEDULE[:-1]:
        world.clock.advance(seconds=step.total_seconds())
        assert dispatcher.run_once() == 1
        assert world.state(head) == "retrying"


def test_a_replay_goes_to_the_end_of_the_lane_and_what_was_held_back_stays(world: World, receiver: Receiver) -> None:
    world.partner("ngo", url="https://ngo.example")
    dead = world.alert("ngo")[0]
    receiver.answers = lambda _: SendResult("no_address", final=True)
    dispatcher = world.dispatcher(webhook_sender=receiver)
    dispatcher.run_once()
    receiver.answers = lambda _: GOOD
    new = world.alert("ngo")[0]
    with world.database.write() as connection:
        assert dead_letters.replay(connection, world.clock(), recipient_id="ngo") == [dead]
        [lane] = dead_letters.lanes(connection)
    assert (lane.queued, lane.dead) == (2, 0)
    dispatcher.run_once()
    assert receiver.taken == [new, dead]
    held = world.alert("ngo")[0]
    with world.database.write() as connection:
        assert outbox.hold_back(connection, "ma-1", world.clock()) == 1
        assert dead_letters.replay(connection, world.clock()) == []
        assert dead_letters.dead_letters(connection) == dead_letters.lanes(connection) == []
    assert world.state(held) == "dead_letter"


def test_what_is_claimed_and_not_sent_yet_names_nobody_who_may_not_be_named_any_more(world: World) -> None:
    bodies: list[bytes] = []

    def send(_url: str, _secret: str, _message: str, body: bytes, _now: datetime) -> SendResult:
        bodies.append(body)
        world.clock.advance(seconds=2)
        with world.database.write() as connection:
            outbox.withhold_other(connection, "al-0002")
        return GOOD

    world.partner("ngo", url="https://ngo.example")
    for _ in range(2):
        world.alert("ngo")
    assert world.dispatcher(webhook_sender=send).run_once() == 2
    assert [b"Childline" in body for body in bodies] == [True, False]


def test_a_mail_server_that_hangs_and_receivers_that_hang_hold_up_no_webhook(world: World, receiver: Receiver) -> None:
    release = threading.Event()

    def hang(_: object) -> SendResult:
        release.wait(20)
        return SendResult("timeout")

    receiver.answers = lambda message: hang(message) if message in hanging else GOOD
    hanging = set()
    for number in range(6):
        world.partner(f"slow-{number}", url="https://slow.example", email="officer@police.example")
        hanging.add(world.alert(f"slow-{number}")[0])
    # They have failed once; from then on they have threads of their own.
    release.set()
    dispatcher = world.dispatcher(webhook_sender=receiver, email_sender=hang, workers=2)
    assert dispatcher.run_once() == 6
    release.clear()
    world.clock.advance(seconds=5)
    for number in range(6):
        world.alert(f"slow-{number}", "email")
    world.partner("quick", url="https://quick.example")
    dispatcher.start()
    try:
        wanted = [world.alert("quick")[0] for _ in range(20)]
        dispatcher.notify()
        end = time.monotonic() + 5
        while receiver.taken != wanted and time.monotonic() < end:
            time.sleep(0.01)
        assert receiver.taken == wanted
    finally:
        release.set()


def test_a_slow_receiver_has_its_turn_and_then_its_messages_wait_in_their_order(
    world: World, receiver: Receiver
) -> None:
    world.partner("slow", url="https://slow.example")
    wanted = [world.alert("slow")[0] for _ in range(5)]
    receiver.answers = lambda _: world.clock.advance(seconds=3) or GOOD
    dispatcher = world.dispatcher(webhook_sender=receiver)
    assert [dispatcher.run_once() for _ in range(4)] == [2, 2, 1, 0]
    assert receiver.sent == wanted


def test_slow_receivers_that_take_everything_hold_up_no_critical_alert_of_another(
    world: World, receiver: Receiver
) -> None:
    slow = [world.partner(f"slow-{number}", url="https://slow.example") for number in range(2)]
    for name in slow * 40:
        world.alert(name, priority="standard")
    world.partner("other", url="https://other.example")
    critical: list[str] = []

    def answer(_: str) -> SendResult:
        if len(receiver.sent) == 1:
            critical.extend(world.alert("other", priority="critical"))
        world.clock.advance(seconds=3)
        return GOOD

    receiver.answers = answer
    dispatcher = world.dispatcher(webhook_sender=receiver, workers=2)
    dispatcher.start()
    end = time.monotonic() + 60
    while len(receiver.taken) < 81 and time.monotonic() < end:
        time.sleep(0.01)
    dispatcher.stop()
    assert receiver.taken.index(critical[0]) < 20, "a turn of each, and not all that waits for them"


@pytest.mark.parametrize("seed", range(3))
def test_several_dispatchers_keep_the_order_whatever_fails(world: World, receiver: Receiver, seed: int) -> None:
    rng, names = random.Random(seed), ["a", "b", "c"]
    for name in names:
        world.partner(name, url=f"https://{name}.example")
    expected: dict[str, list[str]] = {name: [] for name in names}
    for _ in range(40):
        name = rng.choice(names)
        expected[name] += world.alert(name)
    owner = {message: name for name, messages in expected.items() for message in messages}
    receiver.answers = lambda _: BAD if rng.random() < 0.2 else GOOD
    patient = (timedelta(0), *[timedelta(seconds=2)] * 50)
    dispatchers = [
        world.dispatcher(webhook_sender=receiver, batch=rng.choice((1, 3, 100)), schedule=patient) for _ in range(3)
    ]
    ended = threading.Event()

    def work(index: int) -> None:
        while not ended.is_set():
            dispatchers[index].run_once()

    threads = [threading.Thread(target=work, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + 30
    while len(receiver.taken) < 40 and time.monotonic() < end:
        world.clock.advance(seconds=1)
        time.sleep(0.02)
    ended.set()
    for thread in threads:
        thread.join()
    got = {name: [message for message in receiver.taken if owner[message] == name] for name in names}
    assert got == expected
