"""Where the rules on code draw their lines: what each lets pass and what it does not."""

import pytest

from guardrails.framework.examples import UNKNOWN, python_code, python_function, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.judge import judge
from guardrails.framework.rule import Rule
from guardrails.rules.code_clients import ClientSettings, code_client_retries
from guardrails.rules.code_errors import code_errors, code_unsafe
from guardrails.rules.code_events import code_events_validated
from guardrails.rules.code_logs import code_json_logs, code_metrics
from guardrails.rules.code_repeats import code_idempotent
from guardrails.rules.code_secrets import code_no_secrets, lambda_environment_secrets
from guardrails.rules.code_settings import code_settings
from guardrails.rules.code_tables import code_no_scan
from tests.pack.archives import function, opened
from tests.pack.engine_side import verdicts

BOTO = "import boto3\nfrom botocore.config import Config\n"
FED = resource("lambda.EventSourceMapping", "feed", functionName="worker")


def said(rule: Rule, source: str, **files: str) -> list[str]:
    """Return what a rule says about a function of one file, and of others that are named as keywords."""
    beside = {f"{name}.py": text for name, text in files.items()}
    return verdicts(rule, stack(python_function("worker", source, files=beside, name="worker"), FED))


@pytest.mark.parametrize(
    "made",
    [
        "boto3.client('s3')",
        "boto3.resource('s3', region_name=region)",
        "boto3.Session().client('s3')",
        "boto3.session.Session(profile_name='x').resource('s3')",
        "boto3.client('s3', config=Config())",
        "boto3.client('s3', config=Config(retries={'mode': 'legacy'}, connect_timeout=1, read_timeout=1))",
        "boto3.client('s3', config=Config(retries={'max_attempts': 3}, connect_timeout=1, read_timeout=1))",
        "boto3.client('s3', config=Config(retries={'mode': 'standard', 'max_attempts': 0}, "
        "connect_timeout=1, read_timeout=1))",
        "boto3.client('s3', None, None, None, None, None, None, None, None, Config())",
    ],
)
def test_a_client_without_retries_and_timeouts_is_reported(made: str) -> None:
    assert len(said(code_client_retries, f"{BOTO}client = {made}\n")) == 1


@pytest.mark.parametrize(
    "made",
    [
        "boto3.client('s3', config=settings.config)",
        "boto3.client('s3', config=Config(**options))",
        "boto3.client('s3', config=base.merge(Config(read_timeout=1)))",
        "boto3.client('s3', config=Config(retries=retries(), connect_timeout=1, read_timeout=1))",
        "boto3.client(*arguments)",
        "botocore.session.get_session()",
        "functools.partial(boto3.client, config=config)",
    ],
)
def test_a_config_that_cannot_be_seen_has_been_chosen(made: str) -> None:
    assert said(code_client_retries, f"{BOTO}client = {made}\n") == []


BARE, FULL = "", ", retries={'mode': 'standard', 'total_max_attempts': 3}"
FOR_MODE, FOR_ATTEMPTS = ", retries={'mode': 'adaptive'}", ", retries={'max_attempts': 2}"


@pytest.mark.parametrize(
    ("retries", "variables", "words"),
    [
        (BARE, {"AWS_RETRY_MODE": "standard"}, None),
        (BARE, {"AWS_RETRY_MODE": "adaptive", "AWS_MAX_ATTEMPTS": "2"}, None),
        (FOR_ATTEMPTS, {"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "1"}, None),
        (FULL, {"AWS_RETRY_MODE": "legacy", "AWS_MAX_ATTEMPTS": "1"}, None),
        (FULL, UNKNOWN, None),
        (BARE, {"AWS_RETRY_MODE": "legacy"}, "no retries of mode"),
        (BARE, {"AWS_RETRY_MODE": "Standard"}, "no retries of mode"),
        (BARE, {"AWS_RETRY_MODE": ""}, "no retries of mode"),
        (FOR_ATTEMPTS, {"AWS_RETRY_MODE": "legacy"}, "no retries of mode"),
        (BARE, {"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "1"}, "a single attempt"),
        (BARE, {"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": 1}, "a single attempt"),
        (FOR_MODE, {"AWS_MAX_ATTEMPTS": "0"}, "a single attempt"),
        (BARE, {"AWS_RETRY_MODE": UNKNOWN}, "cannot be judged"),
        (BARE, {"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": UNKNOWN}, "cannot be judged"),
        (BARE, {"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "many"}, "cannot be judged"),
        (FOR_MODE, UNKNOWN, "cannot be judged"),
    ],
)
def test_what_a_config_leaves_open_the_environment_says(
    retries: str, variables: object, words: str | None
) -> None:
    source = f"{BOTO}boto3.client('s3', config=Config(connect_timeout=1, read_timeout=1{retries}))\n"
    worker = python_function("worker", source, environment={"variables": variables})

    found = verdicts(code_client_retries, stack(worker))

    assert [words in each for each in found] == [True] if words else found == []


def test_a_variable_that_is_set_twice_is_not_guessed() -> None:
    assert said(code_client_retries, f"{BOTO}c = Config()\nc = other()\nboto3.client('s3', config=c)\n") == []


def test_a_default_config_for_every_client_is_seen() -> None:
    source = f"{BOTO}import botocore.session as b\nb.get_session().set_default_client_config(CONFIG)\n"

    assert said(code_client_retries, f"{source}boto3.client('s3')\n") == []


def test_a_config_made_in_another_module_is_followed_through_functions_and_constants() -> None:
    made = "from shop import config\nimport boto3\nboto3.client('s3', config=config())\n"
    helper = "from names import LIMITS\ndef config():\n    return LIMITS\n"
    limits = f"{BOTO}LIMITS = Config(connect_timeout=1, read_timeout=1)\n"

    assert said(code_client_retries, made, shop=helper, names=limits) == [
        'makes an AWS client whose Config has no retries of mode "standard" or "adaptive" in app.py:3'
    ]


@pytest.mark.parametrize(("timeouts", "problems"), [(True, 1), (False, 0)])
def test_a_stack_may_go_without_timeouts(timeouts: bool, problems: int) -> None:
    source = f"{BOTO}boto3.client('s3', config=Config(retries={{'mode': 'standard'}}))\n"
    node = function(opened(python_code({"app.py": source})), "app.handler")

    found = list(judge(code_client_retries, Graph([node]), ClientSettings(timeouts=timeouts)))

    assert len(found) == problems


@pytest.mark.parametrize(
    ("source", "problems"),
    [
        ("import boto3\nclass T:\n    def __init__(self):\n"
         "        self.t = boto3.resource('dynamodb').Table(n)\n"
         "    def all(self):\n        return self.t.scan()\n", 1),
        ("orders_table.scan()\n", 1),
        ("def f(dynamodb):\n    return dynamodb.scan(TableName=name)\n", 1),
        ("import boto3\nboto3.client('s3').scan()\n", 0),
        ("antivirus.scan(path)\n", 0),
        ("scan(path)\n", 0),
        ("store.scan_status(version)\n", 0),
    ],
)  # fmt: skip
def test_only_the_scan_of_a_table_is_a_scan(source: str, problems: int) -> None:
    assert len(said(code_no_scan, source)) == problems


@pytest.mark.parametrize(
    ("source", "problems"),
    [
        ("table.update_item(Key=key, UpdateExpression='ADD hits :one')\n", 1),
        ("sns.publish(Message=text)\n", 1),
        ("sfn.start_execution(stateMachineArn=arn, input=text)\n", 1),
        ("sfn.start_execution(stateMachineArn=arn, input=text, name=event['id'])\n", 0),
        ("table.put_item(**{'ConditionExpression': condition})\n", 0),
        ("s3.put_object(Bucket=b, Key=k)\ntable.get_item(Key=k)\n", 0),
    ],
)
def test_what_counts_twice_needs_a_guard(source: str, problems: int) -> None:
    assert len(said(code_idempotent, source)) == problems


@pytest.mark.parametrize(
    ("source", "problems"),
    [
        ("def handler(event, context):\n    return event['id']\n", 1),
        ("def handler(event, context):\n    return event.get('id')\n", 1),
        ("async def handler(event, context):\n    return [r for r in event['Records']]\n", 1),
        ("def handler(event, context):\n    return other['id']\n", 0),
        ("def handler(event, context):\n    return event[0]\n", 0),
        ("def handler():\n    return 1\n", 0),
        ("from mangum import Mangum\nhandler = Mangum(app)\n", 0),
        ("import jsonschema\ndef handler(event, context):\n    jsonschema.validate(event, S)\n"
         "    return event['id']\n", 0),
        ("from models import Order\ndef handler(event, context):\n    return Order(**event['detail'])\n", 0),
        ("from models import Order\ndef handler(event, context):\n    return event['detail']\n", 1),
        ("def handler(event, context):\n    return handler(event, context)\n", 0),
    ],
)  # fmt: skip
def test_an_event_that_is_read_needs_a_check(source: str, problems: int) -> None:
    models = "import pydantic\nclass Order(pydantic.BaseModel):\n    id: str\n"

    assert len(said(code_events_validated, source, models=models)) == problems


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ("except Exception:\n    ...", 1),
        ("except (KeyError, BaseException):\n    return None", 1),
        ("except Exception:\n    return default", 0),
        ("except Exception:\n    log()", 0),
        ("except KeyError:\n    pass", 0),
        ("except:\n    log()", 1),
        ("except:\n    raise", 0),
    ],
)
def test_a_swallowed_error_is_one_that_nothing_is_done_about(body: str, problems: int) -> None:
    indented = "\n".join(f"    {line}" for line in f"try:\n    work()\n{body}".splitlines())

    assert len(said(code_errors, f"def handler(event, context):\n{indented}\n")) == problems


@pytest.mark.parametrize(
    ("source", "problems"),
    [
        ("from os import system as run\nrun(text)\n", 1),
        ("import pickle as p\np.loads(data)\n", 1),
        ("import requests\nrequests.get(url, verify=False)\n", 1),
        ("import boto3\nboto3.client('s3', verify=False)\n", 1),
        ("import yaml\nyaml.load(text, Loader=yaml.FullLoader)\n", 1),
        ("import json\njson.loads(data)\nmodel.eval()\nre.compile(x)\n", 0),
        ("def eval_all(x): ...\neval_all(1)\n", 0),
        ("import subprocess\nsubprocess.run(command)\n", 0),
    ],
)
def test_an_unsafe_call_is_known_by_what_it_calls(source: str, problems: int) -> None:
    assert len(said(code_unsafe, source)) == problems


@pytest.mark.parametrize(
    ("source", "problems"),
    [
        (
            "import structlog\nlog = structlog.get_logger()\nstructlog.contextvars.bind_contextvars(id=1)\n",
            [],
        ),
        (
            "from aws_lambda_powertools.logging import Logger\nlog = Logger()\nlog.append_keys(request=1)\n",
            [],
        ),
        ("import loguru\nloguru.logger.info('x')\n", ["puts no correlation id into its logs"]),
        ("import logging\nlogging.basicConfig()\n", ["logs free text in app.py:2"]),
    ],
)
def test_json_logs_come_from_a_logger_that_makes_them(source: str, problems: list[str]) -> None:
    assert said(code_json_logs, source) == problems


def test_what_runs_from_a_shell_only_is_not_the_functions_code() -> None:
    source = "from aws_lambda_powertools import Logger\nlog = Logger()\nlog.append_keys(request=1)\n"
    shell = "if __name__ == '__main__':\n    print(handler({}, None))\n"

    assert said(code_json_logs, source + shell) == []
    assert said(code_json_logs, source + shell + "else:\n    print('x')\n") == [
        "prints free text in app.py:7"
    ]


@pytest.mark.parametrize(
    "source",
    [
        "import boto3\nboto3.client('cloudwatch').put_metric_data(Namespace='shop', MetricData=[])\n",
        "from aws_embedded_metrics import metric_scope\n@metric_scope\ndef handler(event, _, metrics): ...\n",
        "from aws_lambda_powertools import single_metric\nwith single_metric(name='Orders') as m: ...\n",
        "from aws_lambda_powertools.metrics import Metrics\nm = Metrics()\nm.flush_metrics()\n",
    ],
)
def test_metrics_are_counted_in_several_ways(source: str) -> None:
    assert said(code_metrics, source) == []


@pytest.mark.parametrize(
    ("source", "problems"),
    [
        ("s3.put_object(Bucket='shop-media', Key='index.json')\n", 1),
        ("sqs.send_message(QueueUrl='https://sqs.eu-west-1.amazonaws.com/111122223333/work')\n", 1),
        ("import boto3\nsession = boto3.Session(region_name='eu-west-1')\n", 1),
        ("import boto3\nclient = boto3.client('s3', 'eu-west-1')\n", 0),
        ("Bucket = 'x'\nopen(Bucket='x')\n", 0),
        ("policy = 'arn:aws:iam::aws:policy/ReadOnlyAccess'\n", 0),
        ("url = 'https://shop-media.s3.amazonaws.com/index.json'\n", 1),
        ("url = 'https://s3.eu-west-1.amazonaws.com.example.org'\n", 0),
        ("url = 'https://checkip.amazonaws.com'\nnames = 'http://s3.amazonaws.com/doc/2006-03-01/'\n", 0),
        ("import os\nname = os.environ.get('TABLE', 'orders')\ndb.query(TableName=name)\n", 0),
    ],
)
def test_a_setting_is_a_value_that_differs_between_stacks(source: str, problems: int) -> None:
    assert len(said(code_settings, source)) == problems


@pytest.mark.parametrize(
    "source",
    [
        "class Client:\n    def __init__(self):\n        self.password = 'tr0ub4dor-and-3'\n",
        "headers = {'X-Api-Key': '4f9c11aa77b2'}\n",
        "def f(token='none'): ...\nf(accessKey='4f9c11aa77b2')\n",
        "token: str = 'ghp_" + "a1B2" * 9 + "'\n",
    ],
)
def test_a_secret_is_reported_by_its_place_and_never_by_its_value(source: str) -> None:
    found = said(code_no_secrets, source)

    assert found
    assert not [each for each in found if "tr0ub" in each or "4f9c" in each or "a1B2" in each]


@pytest.mark.parametrize(
    ("variables", "problems"),
    [
        ({"DB_PASSWORD": "summer"}, 1),
        ({"DATABASE_URL": "postgres://shop:summer@db/shop"}, 1),
        ({"DATABASE_URL": "postgres://db/shop"}, 0),
        ({"API_TOKEN": "4f9c11aa77b2"}, 1),
        ({"API_TOKEN": "shop/api-token"}, 0),
        ({"TOKEN_TABLE": "shop-tokens-1"}, 0),
        ({"WEBHOOK_SECRET": "{{resolve:secretsmanager:shop/hook}}"}, 0),
    ],
)
def test_a_variable_holds_the_name_of_a_secret_and_not_the_secret(
    variables: dict[str, str], problems: int
) -> None:
    example = stack(resource("lambda.Function", "worker", environment={"variables": variables}))

    found = verdicts(lambda_environment_secrets, example)

    assert found == [f"has a secret in the environment variable {name}" for name in variables][:problems]
