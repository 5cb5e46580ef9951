"""Numbers of disputes: how they spread, end and escalate, and which of them the log shows."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from features.simulation.certainty import Numbers, Share, Sure


class Contagion(Numbers):
    """Matters that bring on further matters of the same category."""

    own: Annotated[float, Sure.C] = 0.15
    """Further matters in the same grid, per matter."""
    ring: Annotated[float, Sure.C] = 0.05
    """Further matters in all adjacent grids together, per matter."""
    decay_days: Annotated[float, Sure.C] = 14.0
    """Mean days until they come."""


class Mediation(Numbers):
    """Ends of disputes."""

    success: Annotated[Share, Sure.A] = 0.969
    """Share settled; the others drag on."""
    success_hard: Annotated[Share, Sure.B] = 0.69
    """Share of those that escalated that are settled soon after all."""
    land_failure: Annotated[float, Sure.C] = 9.0
    """Odds of failing for land matters, against others."""
    failure_cap: Annotated[Share, Sure.C] = 0.25
    """Highest share of failures of a category."""
    failed_days: Annotated[float, Sure.C] = 150.0
    """Median days a failed one stays open, lognormal."""
    failed_sigma: Annotated[float, Sure.D] = 0.6
    """Log standard deviation of that."""
    solved: Annotated[Share, Sure.C] = 0.80
    """Share of the closed that are really solved; only the others can come back."""
    relapse: Annotated[Share, Sure.D] = 0.06
    """Share of the closed that come back within 180 days."""
    reopen_days: Annotated[int, Sure.D] = 90
    """A case that comes back later than this is not the same case."""
    days: Annotated[dict[str, float], Sure.D] = Field(
        default={
            "neighbor": 5,
            "marriage_family": 7,
            "damage_compensation": 14,
            "property_mgmt": 14,
            "labor_wage": 15,
            "contract": 20,
            "environment": 25,
            "land_acquisition": 30,
            "forest_land": 30,
            "housing_homestead": 30,
        }
    )
    """Median days until it is settled, lognormal; 10 for the others."""
    days_sigma: Annotated[float, Sure.D] = 0.9
    """Log standard deviation of that."""
    early_share: Annotated[Share, Sure.D] = 0.6
    """Share that are mediated within the first week."""
    early_pace: Annotated[float, Sure.D] = 0.7
    """Factor on the days of those."""
    late_pace: Annotated[float, Sure.D] = 1.5
    """Factor on the days of the others."""
    term_days: Annotated[int, Sure.B] = 60
    """Legal term after acceptance."""
    paper_share: Annotated[Share, Sure.D] = 0.5
    """Share of those about to pass their term that are closed on paper in the week before."""

    @model_validator(mode="after")
    def _relapses_are_unsolved(self) -> Self:
        unsolved = 1 - self.solved
        if self.relapse and self.relapse >= unsolved:
            raise ValueError(
                f"relapse must be less than the share that is not really solved, 1 - solved = {unsolved:.3g}, found {self.relapse}; "
                "lower relapse or solved, relapse 0 lets nothing come back"
            )
        return self


class Escalation(Numbers):
    """The daily hazard of an open dispute, recorded or not, to be handed above the township or end in harm."""

    daily: Annotated[float, Sure.D] = 0.0032
    """Of a new dispute of factor 1; with passed terms and relapses 2 to 4 % of grid-fortnights have an escalation."""
    factors: Annotated[dict[str, float], Sure.D] = Field(
        default={
            "land_acquisition": 2.5,
            "forest_land": 2.5,
            "housing_homestead": 2.5,
            "environment": 2.0,
            "labor_wage": 1.6,
            "marriage_family": 1.2,
            "neighbor": 1.0,
            "property_mgmt": 0.8,
        }
    )
    """Factor of a category; 0.7 for the others."""
    ramp_days: Annotated[int, Sure.D] = 30
    """Days over which the hazard rises."""
    ramp_top: Annotated[float, Sure.D] = 2.5
    """To how much it rises."""
    stale_days: Annotated[int, Sure.D] = 150
    """Age from which it is lower."""
    stale_factor: Annotated[float, Sure.D] = 0.4
    """Factor of that."""
    repeat_days: Annotated[int, Sure.D] = 90
    """A dispute that follows another of its category and grid within these days is a repeat."""
    repeat_factor: Annotated[float, Sure.D] = 1.8
    """Factor of a repeat."""
    early_factor: Annotated[float, Sure.C] = 0.5
    """Factor of early mediation."""
    strict_share: Annotated[float, Sure.D] = 0.25
    """Share of escalations that are major harm: 0.00085 of 0.0034 a day."""


class Recording(Numbers):
    """Recording: which events the log shows."""

    seen_mean: Annotated[Share, Sure.C] = 0.65
    """Share of disputes that are recorded, mean over grids."""
    seen_range: Annotated[tuple[float, float], Sure.C] = (0.15, 0.97)
    """Lowest and highest share of a grid."""
    seen_concentration: Annotated[float, Sure.D] = 4.0
    """Concentration of grids about that mean: sum of the parameters of the beta distribution."""
    delay_median_days: Annotated[float, Sure.D] = 1.0
    """Days until a dispute is recorded, lognormal."""
    delay_p90_days: Annotated[float, Sure.D] = 5.0
    """Days in which nine of ten are."""
    delay_long_share: Annotated[float, Sure.D] = 0.02
    """Share that take more than 30 days."""
    self_found: Annotated[float, Sure.B] = 0.20
    """Share of recorded disputes that staff found on their rounds."""
    invalid: Annotated[float, Sure.B] = 0.02
    """Share of other records that are withdrawn as invalid."""
    duplicate: Annotated[float, Sure.B] = 0.03
    """Share of records that arrive again through another channel."""
    group_share: Annotated[float, Sure.D] = 0.03
    """Share of disputes that five or more people bring jointly."""
    group_mean: Annotated[float, Sure.D] = 15.0
    """People beyond five in those, geometric."""
    closed_late: Annotated[float, Sure.B] = 0.09
    """Share of requests and petitions that take longer than their term."""
    burst_exponent: Annotated[float, Sure.B] = 3.1
    """Zipf exponent of how many records one request incident gives on its day."""
    burst_most: Annotated[int, Sure.B] = 60
    """Most records of one incident."""
    silent_share: Annotated[float, Sure.D] = 0.02
    """Share of grids that report nothing for a while."""
    silent_days: Annotated[int, Sure.D] = 120
    """For how long."""
    outage_days: Annotated[int, Sure.D] = 21
    """Days on which one source delivers nothing: missing, not zero."""
    outage_source: str = "hotline"
    """Source concerned."""
    break_source: str | None = None
    """Source that is recorded differently from two thirds of the time on; none in most presets."""
    break_level: Annotated[float, Sure.A] = 0.56
    """To how much its records fall."""
