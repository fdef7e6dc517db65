"""The environment variables of a function's process."""

import json
from pathlib import Path

from local.runner.configuration import Function

_INJECTION = Path(__file__).parents[1] / "faults" / "injection.py"

_SHIELD = {
    # What the laptop has configured for AWS must not reach the function: no profile, no instance metadata.
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def process_environment(function: Function, stream: str, endpoint: str) -> dict[str, str]:
    """Return the deployed variables, Lambda's own, and those that point to the emulated cloud; nothing else.

    Lambda's own come last, because AWS refuses to deploy a function that sets them.
    """
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        **dict(function.variables),
        **_SHIELD,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": "JSON" if function.json_log else "Text",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LAMBDA_TASK_ROOT": str(function.code),
        "_HANDLER": function.handler,
    }


def bootstrap_settings(function: Function, runtime_dir: str, descriptors: dict[str, int]) -> str:
    """Return what the bootstrap has to know, as one command-line argument."""
    # As in Lambda: the function's code first, then layers with the last one on top, then the runtime's own.
    path = [str(function.code), *map(str, reversed(function.layers)), runtime_dir]
    return json.dumps({"path": path, "injection": str(_INJECTION), **descriptors})
