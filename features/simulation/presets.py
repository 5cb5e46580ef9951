"""The districts that can be simulated, by name."""

from features.errors import UsageError
from features.simulation.preset import Preset, Projects, Recording, Redraw, Size

PRESETS: dict[str, Preset] = {
    "nanhu": Preset(),
    "yingcheng": Preset(size=Size(grids=548, townships=16, communities=416, area_types=(0.10, 0.08, 0.04, 0.78))),
    "lianjiang": Preset(
        size=Size(grids=600, townships=22, communities=270, area_types=(0.20, 0.20, 0.10, 0.50)),
        recording=Recording(break_source="police"),
    ),
    "jiangbei": Preset(
        size=Size(grids=710, townships=12, communities=126, area_types=(0.30, 0.55, 0.10, 0.05)), projects=Projects(treated_estates=126)
    ),
    "zhejiang": Preset(
        size=Size(districts=90, grids=1211, townships=15, communities=300, area_types=(0.25, 0.25, 0.15, 0.35)), parquet=True
    ),
    "tiny": Preset(size=Size(grids=30, townships=2, communities=6), redraw=Redraw(share=0.2)),
}
"""`nanhu` is the reference. Of the others only what is known of the place differs: size, mix of areas, one event."""


def find_preset(name: str) -> Preset:
    """Return the preset of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in PRESETS:
        raise UsageError(f"--preset must be one of {', '.join(PRESETS)}, got {name!r}.")
    return PRESETS[name]
