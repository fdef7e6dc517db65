"""What is corrected in moto, seen from outside."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from local.cloud import CloudProcess
from local.provider.emulation import Cloud

MESSAGES = 400


@pytest.fixture
def cloud(tmp_path):
    process = CloudProcess("http://127.0.0.1:1/invoke", 2)
    yield Cloud(endpoint=process.endpoint, code_folder=tmp_path)
    process.stop()


def test_no_message_is_lost_or_received_twice_while_others_are_deleted(cloud):
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
