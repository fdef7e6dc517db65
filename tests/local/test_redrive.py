"""Dead letters go back to where they failed, and none is lost on the way."""

from types import SimpleNamespace

import pytest
from botocore.exceptions import EndpointConnectionError

from local.cloud import CloudProcess
from local.commands.redrive import dead_letter_queues, redrive, waiting
from local.errors import LocalStackError
from local.provider.emulation import ACCOUNT, Cloud


@pytest.fixture
def queues(tmp_path):
    """A queue and its dead-letter queue in a moto, with a client."""
    moto = CloudProcess("http://127.0.0.1:1/invoke", 2)
    sqs = Cloud(endpoint=moto.endpoint, code_folder=tmp_path).client("sqs", "eu-central-1")
    work = sqs.create_queue(QueueName="work")["QueueUrl"]
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    source = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:work"
    facts = {"name": "dead", "url": dead, "sources": [source]}
    yield SimpleNamespace(sqs=sqs, work=work, dead=dead, facts=facts)
    moto.stop()


def bodies(sqs, url: str) -> list[str]:
    found = []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        found += [message["Body"] for message in batch]
    return sorted(found)


def test_every_dead_letter_goes_back_with_its_attributes_and_a_maximum_is_kept(queues):
    kind = {"kind": {"DataType": "String", "StringValue": "order"}}
    for number in range(25):
        queues.sqs.send_message(QueueUrl=queues.dead, MessageBody=f"{number:02}", MessageAttributes=kind)

    some = redrive(queues.sqs, queues.facts, 7)
    rest = redrive(queues.sqs, queues.facts, None)

    assert (some.moved, some.left, rest.moved, rest.left) == (7, 18, 18, 0)
    first = queues.sqs.receive_message(
        QueueUrl=queues.work, MessageAttributeNames=["All"], VisibilityTimeout=0
    )
    assert first["Messages"][0]["MessageAttributes"]["kind"]["StringValue"] == "order"
    assert bodies(queues.sqs, queues.work) == [f"{number:02}" for number in range(25)]


def test_a_message_that_cannot_be_sent_stays_where_it_is(queues):
    queues.sqs.send_message(QueueUrl=queues.dead, MessageBody="precious")

    class Broken:
        """A cloud that goes away between receiving and sending."""

        def __getattr__(self, name):
            return getattr(queues.sqs, name)

        def send_message(self, **_):
            raise EndpointConnectionError(endpoint_url="gone")

    with pytest.raises(EndpointConnectionError):
        redrive(Broken(), queues.facts, None)

    counts = queues.sqs.get_queue_attributes(QueueUrl=queues.dead, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessagesNotVisible"] == "1"
    assert waiting(queues.sqs, queues.work) == 0


def test_a_queue_that_nothing_redrives_into_is_refused_by_name():
    known = [{"name": "work", "sources": []}, {"name": "dead", "sources": ["arn:aws:sqs:x:1:work"]}]

    assert [queue["name"] for queue in dead_letter_queues(known, None)] == ["dead"]
    with pytest.raises(LocalStackError, match=r"no queue redrives into 'work'.*: dead"):
        dead_letter_queues(known, "work")
    with pytest.raises(LocalStackError, match=r"there is no queue 'other'.*: dead"):
        dead_letter_queues(known, "other")
