from pathlib import Path

import pytest

from features.home import Home


@pytest.mark.parametrize("name", ["keys", "published", "segments"])
def test_folder_and_the_home_above_it_are_their_owners_alone(name: str, tmp_path: Path) -> None:
    home = Home(tmp_path / "new" / "home")

    made = home.folder(getattr(home, name))

    assert [0o700, 0o700] == [path.stat().st_mode & 0o777 for path in (home.root, made)]
