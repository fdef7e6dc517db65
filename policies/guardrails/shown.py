"""How an example stack is shown to people: as YAML, whole, code as it stands in its files."""

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml

from guardrails.framework.examples import UNKNOWN, Sample, Stack
from guardrails.framework.sdk import SPECIAL_SIG_KEY

_LATER: Final = "<known after the update>"
_INDENT: Final = 2


def shown(example: Stack, width: int, beside: Stack | None = None, where: str = "as above") -> str:
    """Return *example* as YAML; of what stands in *beside* as well, the names alone, after *where*."""
    known = {sample.name: sample for sample in beside.samples} if beside else {}
    same = [sample for sample in example.samples if known.get(sample.name) == sample]
    gone = [sample for name, sample in known.items() if name not in {each.name for each in example.samples}]
    parts = [_resource(sample, width) for sample in example.samples if sample not in same]
    if same or not beside:
        parts += _remark(where, same, width) + _remark("without", gone, width)
    return "\n".join(parts)


def nearest_pass(example: Stack, passes: Mapping[str, Stack]) -> str:
    """Return what the passing example is called that shares most with *example*."""
    return max(passes, key=lambda label: sum(each in passes[label].samples for each in example.samples))


def _remark(what: str, samples: Iterable[Sample], width: int) -> list[str]:
    names = ", ".join(f"{each.name} ({each.kind})" for each in samples)
    text = f"{what}: {names}"
    return textwrap.wrap(text, width, initial_indent="# ", subsequent_indent="#   ") if names else []


def _resource(sample: Sample, width: int) -> str:
    """Return a resource: its name, its kind, where it comes from otherwise, its inputs."""
    remarks = [
        *(["by default tags of its provider: " + _flow(sample.default_tags)] if sample.default_tags else []),
        *(["AWS answers " + _flow(sample.outputs)] if sample.outputs else []),
        *(["made after " + ", ".join(sample.after)] if sample.after else []),
    ]
    inputs = {name: _plain(value, sample.sources.get(name, ())) for name, value in sample.inputs.items()}
    body = _yaml(inputs, width - _INDENT) if inputs else ""
    lines = [f"{sample.name}:  # {sample.kind}", *(f"{' ' * _INDENT}# {each}" for each in remarks)]
    return "\n".join([*lines, *(" " * _INDENT + line if line else "" for line in body.splitlines())])


def _plain(value: Any, sources: tuple[str, ...] = ()) -> Any:
    """Return *value* with words for what is unknown, and archives as their files."""
    later = f"<known after the update, from {', '.join(sources)}>" if sources else _LATER
    if isinstance(value, str):
        return value.replace(UNKNOWN, later)
    if isinstance(value, Mapping) and SPECIAL_SIG_KEY in value:
        return {path: asset.get("text", _LATER) for path, asset in value.get("assets", {}).items()}
    if isinstance(value, Mapping):
        return {key: _plain(member, sources) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member, sources) for member in value]
    return value


class _Dumper(yaml.SafeDumper):
    """Writes short lists and objects on a line, texts of several lines as they are, and no anchors."""

    def ignore_aliases(self, _data: Any) -> bool:
        """Write what stands twice twice."""
        return True

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        """Keep texts of several lines out of the flow of a line."""
        node = super().represent_mapping(tag, mapping, flow_style)
        if any(isinstance(value, str) and "\n" in value for value in dict(mapping).values()):
            node.flow_style = False
        return node


class _Inputs(dict[str, Any]):
    """What stands on lines of its own, however short."""


def _inputs(dumper: yaml.SafeDumper, inputs: _Inputs) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", inputs.items(), flow_style=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(_Inputs, _inputs)


def _yaml(value: Mapping[str, Any], width: int) -> str:
    return yaml.dump(
        _Inputs(value),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=width,
    )


def _flow(value: Mapping[str, Any]) -> str:
    return yaml.dump(
        dict(value), Dumper=_Dumper, sort_keys=False, default_flow_style=True, width=10_000
    ).strip()
