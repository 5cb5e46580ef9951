from pathlib import Path

import pytest

from features.errors import UsageError
from features.yaml_file import read_yaml


@pytest.mark.parametrize("text", ["zone: UTC\nmodel: {}\nzone: Asia/Shanghai\n", "model:\n  zone: UTC\n  zone: UTC\n"])
def test_read_yaml_key_that_stands_twice_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(UsageError, match="the key 'zone' stands twice") as caught:
        read_yaml(file)

    assert "\n" not in str(caught.value)


def test_read_yaml_same_key_in_two_mappings_is_read(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("a: {zone: UTC}\nb: {zone: UTC}\n", encoding="utf-8")

    assert {"a": {"zone": "UTC"}, "b": {"zone": "UTC"}} == read_yaml(file)
