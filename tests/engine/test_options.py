"""Resource options through the real engine, as the local provider lets it honour them."""

import json

FIRST = """
opts = pulumi.ResourceOptions
aws.sqs.Queue("tagged", name="tagged", tags={"ours": "1", "theirs": "1"})
aws.sqs.Queue("before", name="renamed")
aws.sqs.Queue("tied", name="tied", delay_seconds=1)
aws.sqs.Queue("left", name="left", opts=opts(retain_on_delete=True))
aws.sqs.Queue("guarded", name="guarded", opts=opts(protect=True))
"""
SECOND = """
opts = pulumi.ResourceOptions
aws.sqs.Queue(
    "tagged", name="tagged", tags={"ours": "2", "theirs": "2"}, opts=opts(ignore_changes=['tags["theirs"]'])
)
aws.sqs.Queue("after", name="renamed", opts=opts(aliases=[pulumi.Alias(name="before")]))
aws.sqs.Queue("tied", name="tied", delay_seconds=2, opts=opts(replace_on_changes=["delaySeconds"]))
"""


def test_the_options_of_a_resource_are_honoured(sandbox):
    sandbox.program(FIRST)
    assert sandbox.up().status == 0
    sandbox.program(SECOND)

    refused = sandbox.up()

    assert refused.status != 0
    assert "cannot be deleted" in refused.output or "protect" in refused.output, refused.output
    assert "+-1 replaced" in refused.output
    sandbox.program(SECOND + 'aws.sqs.Queue("guarded", name="guarded")\n')
    run = sandbox.up()
    assert run.status == 0, run.output
    sqs = sandbox.client("sqs")
    names = sorted(url.rsplit("/", 1)[1] for url in sqs.list_queues()["QueueUrls"])
    assert names == ["guarded", "left", "renamed", "tagged", "tied"]
    url = sqs.get_queue_url(QueueName="tagged")["QueueUrl"]
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"ours": "2", "theirs": "1"}
    state = json.loads(sandbox.engine.require("stack", "export"))
    known = {each["urn"].rsplit("::", 1)[1] for each in state["deployment"]["resources"]}
    assert {"after", "tied", "tagged", "guarded"} <= known
    assert not {"before", "left"} & known
