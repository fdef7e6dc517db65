"""What is corrected in moto, in a process of its own: the other tests see moto as it is."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.cloud import CloudProcess
from local.provider.emulation import Cloud
from local.toolchain import ROOT

MESSAGES = 400
CROWD = """
import json
import time
from concurrent.futures import ThreadPoolExecutor

from moto.sqs.models import Message, sqs_backends

from local.moto_corrections import correct


def let_others_run(name):
    method = getattr(Message, name)

    def call(*args, **kwargs):
        time.sleep(0)
        return method(*args, **kwargs)

    setattr(Message, name, call)


correct()
let_others_run("had_receipt_handle")  # called for every message while a deletion copies the list
let_others_run("mark_received")  # called when a receiver has chosen a message
backend = sqs_backends["123456789012"]["eu-central-1"]
backend.create_queue("q", {})


def send(bodies):
    for body in bodies:
        backend.send_message("q", str(body))


def receive(_):
    return [message for _ in range(30) for message in backend.receive_message("q", 1, 0, 600)]


def delete(messages):
    for message in messages:
        backend.delete_message("q", message.receipt_handle)


with ThreadPoolExecutor(8) as pool:
    send(range(100))
    taken = [message for found in pool.map(receive, range(4)) for message in found]
    work = [pool.submit(delete, taken[part::4]) for part in range(4)]
    work += [pool.submit(send, range(100 + 50 * part, 150 + 50 * part)) for part in range(4)]
errors = [repr(each.exception()) for each in work if each.exception()]
left = [message.body for message in backend.get_queue("q")._messages]
print(json.dumps({"taken": [message.body for message in taken], "left": left, "errors": errors}))
"""


@pytest.fixture
def cloud(tmp_path):
    process = CloudProcess("http://127.0.0.1:1/invoke", 2)
    yield Cloud(endpoint=process.endpoint, code_folder=tmp_path)
    process.stop()


@pytest.fixture(scope="module")
def crowd():
    """What a crowd of threads took from a queue, and what others added while that was deleted."""
    done = subprocess.run(
        [sys.executable, "-c", CROWD], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_no_message_is_taken_by_two_receivers(crowd):
    assert sorted(map(int, crowd["taken"])) == list(range(100))


def test_no_message_is_lost_that_is_added_while_others_are_deleted(crowd):
    assert crowd["errors"] == []
    assert sorted(map(int, crowd["left"])) == list(range(100, 300))


def test_the_served_cloud_delivers_every_message_once(cloud):
    sqs = cloud.client("sqs", "eu-central-1")
    url = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    received: list[str] = []

    def send(number: int) -> None:
        sqs.send_message(QueueUrl=url, MessageBody=str(number))

    def receive(_: int) -> None:
        while len(received) < MESSAGES:
            found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            if not found.get("Messages"):
                return
            for message in found["Messages"]:
                received.append(message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    with ThreadPoolExecutor(8) as pool:
        sending = [pool.submit(send, number) for number in range(MESSAGES)]
        list(pool.map(receive, range(4)))
        for future in sending:
            future.result()
        list(pool.map(receive, range(2)))

    assert sorted(received, key=int) == [str(number) for number in range(MESSAGES)]


PATHS = """
import jsonpath_ng.ext
from moto.events.utils import EventTemplateParser

from local.moto_corrections import correct

event = {"version": "0", "id": "1", "detail-type": "t", "source": "s", "account": "1", "region": "r"}
event |= {"time": 5, "resources": ["a"], "detail": {"key": "k"}, "ingestion-time": "n"}
before = EventTemplateParser.parse(None, {}, event)
correct()
built = []
parser = jsonpath_ng.ext.parser.ExtentedJsonPathParser
build = parser.parse
parser.parse = lambda self, path: built.append(path) or build(self, path)
after = [EventTemplateParser.parse(None, {}, event) for _ in range(3)]
assert after == [before] * 3
assert built and len(built) == len(set(built)), built
"""


def test_a_path_of_an_event_is_parsed_once_and_finds_the_same():
    done = subprocess.run(
        [sys.executable, "-c", PATHS], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
