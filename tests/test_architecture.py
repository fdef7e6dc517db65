"""What holds the parts together: who imports whom, who stands under whom, and what is written down."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pulumi_aws
import pytest
from pulumi._types import input_type_py_to_pulumi_names

from tests.mocks import ROOT, deployed

STACKS = ("dev", "prod", "local")
SYSTEMS = ("crimes", "objects", "orders", "images", "uploads")


def modules(*folders: str) -> list[Path]:
    """Return the Python files below *folders*, relative to the project."""
    return sorted(path.relative_to(ROOT) for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imports(module: Path) -> set[str]:
    """Return the absolute names of the modules that *module* imports, and of what it imports from them."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / module).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno} imports relatively"
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def within(names: set[str], *packages: str) -> set[str]:
    """Return those among *names* that lie in one of *packages*."""
    return {name for name in names if any(name == each or name.startswith(f"{each}.") for each in packages)}


def system_of(module: Path) -> str:
    """Return the system that a module of `infra/systems` belongs to."""
    return module.stem.split("_")[0]


# --- imports ------------------------------------------------------------------------------------------------


def test_the_program_is_a_table_of_contents() -> None:
    assert len((ROOT / "__main__.py").read_text().splitlines()) <= 60
    assert not within(imports(Path("__main__.py")), "infra.blocks", "pulumi_aws")


@pytest.mark.parametrize("module", modules("infra/systems"), ids=str)
def test_a_system_knows_no_other_system(module: Path) -> None:
    others = [f"infra.systems.{system}" for system in SYSTEMS if system != system_of(module)]

    assert not {name for name in imports(module) if any(name.startswith(other) for other in others)}


@pytest.mark.parametrize("module", modules("infra/systems"), ids=str)
def test_a_system_is_made_of_blocks(module: Path) -> None:
    assert not within(imports(module), "pulumi_aws", "infra.foundation", "infra.packaging")


@pytest.mark.parametrize("module", modules("infra/blocks"), ids=str)
def test_a_block_knows_no_system_and_no_setting(module: Path) -> None:
    names = within(imports(module), "infra")

    assert names == within(names, "infra.blocks", "infra.naming", "infra.permissions")


@pytest.mark.parametrize("module", ["naming", "permissions"])
def test_names_and_permissions_stand_on_nothing(module: str) -> None:
    names = within(imports(Path(f"infra/{module}.py")), "infra", "pulumi_aws")

    assert names == within(names, "infra.errors")


@pytest.mark.parametrize("module", modules("infra"), ids=str)
def test_infrastructure_never_imports_functions(module: Path) -> None:
    packages = [path.name for path in (ROOT / "functions").iterdir() if path.is_dir()]

    assert not within(imports(module), "functions", *packages)


@pytest.mark.parametrize("module", modules("functions"), ids=str)
def test_functions_never_import_infrastructure(module: Path) -> None:
    assert not within(imports(module), "infra", "pulumi", "pulumi_aws", "local", "policies", "guardrails")


@pytest.mark.parametrize(
    "module", [each for each in modules("functions") if each.name == "domain.py"], ids=str
)
def test_business_rules_import_nothing_of_aws(module: Path) -> None:
    assert not within(imports(module), "boto3", "botocore", "aws_lambda_powertools")


@pytest.mark.parametrize("module", modules("policies"), ids=str)
def test_the_pack_imports_nothing_of_the_project(module: Path) -> None:
    packages = [path.name for path in (ROOT / "functions").iterdir() if path.is_dir()]

    assert not within(imports(module), "infra", "functions", "local", "tests", "policies", *packages)


def test_settings_alone_read_the_configuration() -> None:
    readers = {
        str(module)
        for module in modules("infra")
        if {"pulumi.runtime.config", "pulumi.Config"} & imports(module)
        or "pulumi.Config(" in (ROOT / module).read_text()
    }

    assert readers == {"infra/config.py"}
    users = [module for module in modules("infra") if within(imports(module), "infra.config")]
    assert {path.stem for path in users} == {"settings", "settings_report"}


# --- the tree of resources ----------------------------------------------------------------------------------


@pytest.mark.parametrize("stack", STACKS)
def test_only_systems_and_the_foundation_stand_directly_under_the_stack(stack: str) -> None:
    top = {each.type for each in deployed(stack).resources if "pulumi:pulumi:Stack" in each.parent}

    assert top
    assert all(token.startswith("guardrails:systems:") for token in top), top
    assert all(each.parent for each in deployed(stack).resources)


@pytest.mark.parametrize("stack", STACKS)
def test_every_component_registers_its_outputs(stack: str) -> None:
    silent = [each.urn for each in deployed(stack).resources if not each.custom and each.outputs is None]

    assert silent == []


@pytest.mark.parametrize("stack", STACKS)
def test_names_of_children_begin_with_the_name_of_their_system(stack: str) -> None:
    for each in deployed(stack).resources:
        top = each.urn.split("::")[2].split("$")[0].split(":")[-1].lower()
        assert each.name == top or each.name.startswith(f"{top}-"), each.urn


@pytest.mark.finding("CC-COST-3", "CC-SEC-3", "OP-5.3")
@pytest.mark.parametrize("stack", STACKS)
def test_every_taggable_resource_carries_the_six_tags(stack: str) -> None:
    tags = {"Project", "System", "Environment", "Owner", "CostCenter", "DataClassification"}
    taggable = [each for each in deployed(stack).resources if each.custom and is_taggable(each.type)]

    assert len(taggable) > 40
    for each in taggable:
        assert set(each.inputs.get("tags", {})) == tags, each.urn
        assert all(each.inputs["tags"].values()), each.urn


@pytest.mark.finding("OP-8.5")
@pytest.mark.parametrize("stack", STACKS)
def test_what_takes_a_description_has_one(stack: str) -> None:
    keys = {
        "aws:kms/key:Key": "description",
        "aws:iam/role:Role": "description",
        "aws:lambda/function:Function": "description",
        "aws:lambda/alias:Alias": "description",
        "aws:lambda/layerVersion:LayerVersion": "description",
        "aws:cloudwatch/eventRule:EventRule": "description",
        "aws:cloudwatch/metricAlarm:MetricAlarm": "alarmDescription",
    }

    for each in deployed(stack).resources:
        if each.type in keys:
            assert each.inputs[keys[each.type]], each.urn


@pytest.mark.parametrize("stack", STACKS)
def test_what_has_a_fixed_name_makes_way_before_it_is_replaced(stack: str) -> None:
    # A layer's versions share a name; a new one comes first so that no function is ever without. A protected
    # key is never replaced, and has no name but its alias.
    for each in deployed(stack).resources:
        if each.custom and each.inputs.get("name"):
            assert each.delete_before_replace, each.urn


def is_taggable(token: str) -> bool:
    """Tell whether the resource type takes tags, from the SDK's own argument types."""
    module, name = token.split(":")[1].split("/")[0], token.split(":")[2]
    arguments = getattr(getattr(pulumi_aws, {"lambda": "lambda_"}.get(module, module)), f"{name}Args")
    return "tags" in input_type_py_to_pulumi_names(arguments)


# --- the written word ---------------------------------------------------------------------------------------


def undocumented(module: Path) -> Iterator[str]:
    """Yield what is public in *module* and has no docstring."""
    tree = ast.parse((ROOT / module).read_text())
    if tree.body and not ast.get_docstring(tree):
        yield f"{module}"
    yield from _undocumented(tree.body, str(module))


def _undocumented(body: list[ast.stmt], above: str) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{above}:{node.name}"
            if not node.name.startswith("_"):
                if not ast.get_docstring(node) and not _overloads(node):
                    yield name
                if isinstance(node, ast.ClassDef) and not _answers_a_protocol(node):
                    yield from _undocumented(node.body, name)


def _overloads(node: ast.stmt) -> bool:
    decorators = getattr(node, "decorator_list", [])
    return any(isinstance(each, ast.Name) and each.id in {"overload", "override"} for each in decorators)


def _answers_a_protocol(node: ast.ClassDef) -> bool:
    """Tell whether a class is a gRPC servicer, whose methods the protocol documents."""
    return any(ast.unparse(base).endswith("Servicer") for base in node.bases)


@pytest.mark.finding("UA-6.3")
@pytest.mark.parametrize("module", modules("infra", "functions", "policies/guardrails", "local"), ids=str)
def test_nothing_public_is_without_a_docstring(module: Path) -> None:
    assert list(undocumented(module)) == []


@pytest.mark.xdist_group("one process")
def test_tests_that_share_what_is_costly_run_in_one_process(request: pytest.FixtureRequest) -> None:
    """Costly fixtures would be built twice, and nothing else would tell, if groups were not kept together."""
    grouped = getattr(request.config.option, "loadgroup", False)

    assert request.node.nodeid.endswith("@one process") == grouped
