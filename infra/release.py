"""Package what stacks deploy: `python -m infra.release`, once for all stacks that a release goes to.

The archives come to lie in the cache folder (`$XDG_CACHE_HOME`), where the program looks for them again.
"""

from infra.layer import MACHINES, lambda_platform
from infra.packaging import ROOT, code_archive, layer_archive


def package() -> None:
    """Package the code of every system, and the dependencies for every architecture of Lambda."""
    for path in sorted((ROOT / "functions").iterdir()):
        if path.is_dir() and (path / "__init__.py").exists() and path.name != "common":
            code_archive(path.name)
    for architecture in MACHINES:
        layer_archive(lambda_platform(architecture))


if __name__ == "__main__":
    package()
