"""Run one Pulumi program; the language host describes the run as JSON on standard input."""

import asyncio
import json
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pulumi
import pulumi.runtime
from pulumi.runtime.stack import run_in_stack

ALREADY_REPORTED = 32


def _run(script: Path) -> None:
    runpy.run_path(str(script), run_name="__main__")


def main() -> int:
    """Return the exit status: 0, or 32 after the error has been logged through the engine."""
    job = json.load(sys.stdin)
    pulumi.runtime.set_all_config(job["config"], job["secret_keys"])
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=job["monitor"],
            engine=job["engine"],
            project=job["project"],
            stack=job["stack"],
            parallel=job["parallel"],
            dry_run=job["dry_run"],
            organization=job["organization"],
            root_directory=job["root_directory"],
        )
    )
    entry_point = Path(job["entry_point"])
    script = entry_point / "__main__.py" if entry_point.is_dir() else entry_point
    sys.path.insert(0, str(script.parent))
    sys.argv = [str(script)]
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(max_workers=max(job["parallel"], 4) * 4))
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(run_in_stack(lambda: _run(script)))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return ALREADY_REPORTED
    except Exception:  # noqa: BLE001 - whatever a program raises is shown through the engine
        pulumi.log.error(f"Program failed with an unhandled exception:\n{traceback.format_exc()}")
        return ALREADY_REPORTED
    finally:
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
