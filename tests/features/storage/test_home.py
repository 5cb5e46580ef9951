from pathlib import Path

import pytest

from features.database.engine import open_database
from features.storage.home import Home


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
