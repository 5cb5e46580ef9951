from pathlib import Path
from types import SimpleNamespace

import pytest

from features.database.engine import open_database
from features.errors import StoreError
from features.storage.home import Home, check_free_disk

GIB = 1 << 30


@pytest.mark.parametrize("name", ["keys", "published", "segments"])
def test_folder_and_the_home_above_it_are_their_owners_alone(name: str, tmp_path: Path) -> None:
    home = Home(tmp_path / "new" / "home")

    made = home.folder(getattr(home, name))

    assert [0o700, 0o700] == [path.stat().st_mode & 0o777 for path in (home.root, made)]


@pytest.mark.parametrize("name", ["a%41b", "data%20set", "q?x", "part#2", "数据 一"])
def test_database_url_names_the_file_in_the_home_whatever_its_name(name: str, tmp_path: Path) -> None:
    home = Home(tmp_path / name)

    open_database(home.database_url).dispose()

    assert home.database.is_file()
    assert [home.root] == list(tmp_path.iterdir())


@pytest.mark.parametrize(("total", "free", "enough"), [(100 * GIB, 5 * GIB, True), (100 * GIB, 5 * GIB - 1, False), (GIB, GIB - 1, False)])
def test_check_free_disk_asks_for_the_larger_of_share_and_bytes(tmp_path, monkeypatch, total, free, enough):
    monkeypatch.setattr("features.storage.home.shutil.disk_usage", lambda _: SimpleNamespace(total=total, free=free))
    home = Home(tmp_path / "home")
    if enough:
        assert free == check_free_disk(home)
    else:
        with pytest.raises(StoreError, match="Make room"):
            check_free_disk(home)


def test_paths_of_a_home_lie_in_it_and_are_told_apart(tmp_path: Path) -> None:
    """Checkpoints alone lie beside it, so that whoever replaces the home leaves them behind."""
    home = Home(tmp_path / "home")
    names = [name for name, member in vars(Home).items() if isinstance(member, property)]
    paths = {name: path for name in names if isinstance(path := getattr(home, name), Path)}

    assert len(paths) == len(set(paths.values()))
    assert {"checkpoints"} == {name for name, path in paths.items() if not path.is_relative_to(home.root)}
    assert tmp_path.resolve() / "home.checkpoints" == home.checkpoints
    assert [] == list(tmp_path.iterdir())
