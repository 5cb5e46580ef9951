from types import SimpleNamespace

import pytest

from features.errors import StoreError
from features.storage import free_disk
from features.storage.free_disk import check_free_disk

GIB = 1 << 30


@pytest.mark.parametrize(("total", "free", "enough"), [(100 * GIB, 5 * GIB, True), (100 * GIB, 5 * GIB - 1, False), (GIB, GIB - 1, False)])
def test_check_free_disk_asks_for_the_larger_of_share_and_bytes(tmp_path, monkeypatch, total, free, enough):
    monkeypatch.setattr(free_disk.shutil, "disk_usage", lambda _: SimpleNamespace(total=total, free=free))
    home = free_disk.Home(tmp_path / "home")
    if enough:
        assert free == check_free_disk(home)
    else:
        with pytest.raises(StoreError, match="Make room"):
            check_free_disk(home)
