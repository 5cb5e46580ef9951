"""The districts that can be simulated, by name."""

from features.errors import UsageError
from features.simulation.preset import Effort, Preset, Projects, Recording, Redraw, Shocks, Size

_SMALL = Size(grids=120, townships=4, communities=24)
_UNDERTAKEN = Projects(rate=0.3, start_factor=6.0, treated_estates=24)

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
    "undertakings": Preset(size=_SMALL, projects=_UNDERTAKEN, shocks=Shocks(rate=0.1)),
    "unmoved": Preset(
        size=_SMALL,
        projects=_UNDERTAKEN.model_copy(
            update=dict.fromkeys(("factor", "ring_factor", "start_factor", "handover_factor", "treatment_factor"), 1.0)
        ),
        shocks=Shocks(rate=0.1, factor=1.0),
        effort=Effort(dispute_elasticity=0.0, hazard_elasticity=0.0),
    ),
    "tiny": Preset(size=Size(grids=30, townships=2, communities=6), redraw=Redraw(share=0.2)),
}
"""`nanhu` is the reference. Of the others only what is known of the place differs: size, mix of areas, one event. In `undertakings`
projects, treatments and shocks matter much; in `unmoved` there are as many, and none of them matters."""


def find_preset(name: str) -> Preset:
    """Return the preset of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in PRESETS:
        raise UsageError(f"--preset must be one of {', '.join(PRESETS)}, got {name!r}.")
    return PRESETS[name]
