"""Settings of a simulated district: every number, with how sure it is."""

from datetime import date, timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from features.settings import Section
from features.simulation.certainty import Count, Numbers, Rate, Share, Sure
from features.simulation.dispute_numbers import Contagion, Escalation, Mediation, Recording

ROUNDING = 1e-9
"""Records per year by which a sum of rates may miss a number that was written down."""


class Size(Numbers):
    """Size of the district."""

    districts: Count = 1
    """Counties, simulated one after the other; each has the numbers below."""
    grids: Annotated[Count, Sure.A] = 605
    """Grids."""
    townships: Annotated[Count, Sure.A] = 13
    """Townships."""
    communities: Annotated[Count, Sure.A] = 117
    """Communities and villages."""
    area_types: Annotated[tuple[float, float, float, float], Sure.D] = (0.40, 0.35, 0.15, 0.10)
    """Share of communities: old town, new estates, industrial parks, rural."""
    people_median: Annotated[float, Sure.C] = 500.0
    """People per grid, lognormal."""
    people_sigma: Annotated[float, Sure.C] = 0.5
    """Log standard deviation of people per grid."""
    people_range: Annotated[tuple[float, float], Sure.C] = (300.0, 3000.0)
    """Fewest and most people per grid."""
    people_per_household: Annotated[float, Sure.D] = 2.6
    """People per household."""
    staff: Annotated[tuple[float, float], Sure.A] = (2.2, 3.8)
    """Grid workers per grid, lowest and highest."""


class Rates(Numbers):
    """Matters per grid and year."""

    all_events: Annotated[Rate, Sure.A] = 35.0
    """All records; service requests are what the others leave of it."""
    dispute: Annotated[float, Sure.A, Field(gt=0)] = 5.0
    """Disputes, recorded or not."""
    dispute_call: Annotated[Rate, Sure.B] = 3.6
    """Police calls about disputes."""
    call_share_linked: Annotated[Share, Sure.D] = 0.5
    """Share of those calls that come out of the disputes simulated here."""
    petition: Annotated[Rate, Sure.B] = 1.3
    """Petitions."""
    hazard: Annotated[Rate, Sure.D] = 4.5
    """Safety hazards."""
    environment_order: Annotated[Rate, Sure.D] = 4.5
    """Matters of street order and litter."""


class Place(Numbers):
    """Differences between grids, and their drift."""

    grid_sigma: Annotated[float, Sure.D] = 0.50
    """Log standard deviation of the rate between the grids of a community; 0.72 in all three levels together."""
    community_sigma: Annotated[float, Sure.D] = 0.46
    """Between the communities of a township; a little more than first proposed, for neighbours to be as alike as they should."""
    township_sigma: Annotated[float, Sure.D] = 0.25
    """Between townships."""
    category_sigma: Annotated[float, Sure.D] = 0.6
    """Further, for each category of a grid."""
    property_sigma: Annotated[float, Sure.B] = 1.15
    """Of property management between grids, all levels together."""
    drift_phi: Annotated[float, Sure.C] = 0.9
    """Weekly autoregression of the log rate of a grid."""
    drift_sigma: Annotated[float, Sure.C] = 0.35
    """Stationary standard deviation of that drift."""


class Rhythm(Numbers):
    """The calendar, as factors on the rate."""

    wage_factor: Annotated[float, Sure.B] = 2.2
    """Wage matters before Spring Festival."""
    wage_days: Annotated[int, Sure.B] = 42
    """Days before Spring Festival on which they rise."""
    festival_factor: Annotated[float, Sure.C] = 0.45
    """The week of Spring Festival."""
    rebound_factor: Annotated[float, Sure.C] = 1.15
    """Days 8 to 20 after it."""
    summer_swing: Annotated[float, Sure.D] = 0.18
    """Sine of noise, neighbour and property matters, highest in July."""
    weekend_requests: Annotated[float, Sure.B] = 0.55
    """Requests on days off, against workdays."""
    weekend_disputes: Annotated[float, Sure.D] = 0.8
    """Disputes on days off."""
    workday_disputes: Annotated[float, Sure.D] = 1.08
    """Disputes on workdays."""
    holiday_requests: Annotated[float, Sure.B] = 0.56
    """Requests in the week of the National Day, against workdays."""
    holiday_disputes: Annotated[float, Sure.D] = 0.7
    """Disputes in that week."""


class Effort(Numbers):
    """Effort of staff in looking."""

    visits_per_week: Annotated[float, Sure.D] = 4.0
    """Visits per grid worker and week."""
    campaigns: Annotated[tuple[int, int], Sure.B] = (2, 3)
    """Screening campaigns a year, fewest and most."""
    campaign_weeks: Annotated[tuple[int, int], Sure.B] = (4, 8)
    """Weeks each lasts, fewest and most."""
    campaign_factor: Annotated[float, Sure.B] = 1.85
    """Visits during a campaign."""
    dispute_elasticity: Annotated[float, Sure.B] = 0.075
    """Disputes recorded rise with visits to this power."""
    hazard_elasticity: Annotated[float, Sure.D] = 0.5
    """Hazards found rise with visits to this power."""


class Projects(Numbers):
    """Building sites, land acquisition and new estates, with public dates."""

    rate: Annotated[float, Sure.D] = 0.06
    """Projects per grid and year."""
    days: Annotated[int, Sure.D] = 180
    """Duration of one."""
    notice_days: Annotated[int, Sure.D] = 30
    """Days before its start at which it is made public."""
    factor: Annotated[float, Sure.D] = 2.5
    """On property, land and environment matters of its grid."""
    ring_factor: Annotated[float, Sure.D] = 1.3
    """On those of adjacent grids."""
    start_factor: Annotated[float, Sure.D] = 1.0
    """Further, on those of its grid around its start; 1 in most presets."""
    start_days: Annotated[tuple[int, int], Sure.D] = (14, 42)
    """For how many days before the start and after it."""
    assessed: Annotated[float, Sure.D] = 0.7
    """Share of projects with a social stability risk assessment before their start."""
    handover_rate: Annotated[float, Sure.D] = 0.01
    """Hand-overs of new estates per grid and year."""
    handover_days: Annotated[int, Sure.D] = 120
    """Days for which one is felt."""
    handover_factor: Annotated[float, Sure.D] = 4.0
    """On property matters of its grid."""
    treated_estates: int = 0
    """Grids with most property matters that are treated halfway through."""
    treatment_factor: Annotated[float, Sure.D] = 0.5
    """On property matters of a treated grid, from then on."""


class Shocks(Numbers):
    """Fires, floods and accidents with an aftermath."""

    rate: Annotated[float, Sure.D] = 0.0
    """Shocks per grid and year; none in most presets."""
    factor: Annotated[float, Sure.D] = 4.0
    """On property, damage and neighbour matters of its grid in the first week."""
    decay_days: Annotated[float, Sure.D] = 30.0
    """Mean days until that has passed."""


class Redraw(Numbers):
    """Grids are redrawn once."""

    share: Annotated[Share, Sure.C] = 0.10
    """Share of grids that are merged or split, half of them each."""
    when: Annotated[Share, Sure.D] = 0.6
    """At which share of the time."""


class Preset(Numbers):
    """All about one simulated district."""

    size: Size = Size()
    rates: Rates = Rates()
    place: Place = Place()
    contagion: Contagion = Contagion()
    rhythm: Rhythm = Rhythm()
    mediation: Mediation = Mediation()
    escalation: Escalation = Escalation()
    recording: Recording = Recording()
    effort: Effort = Effort()
    projects: Projects = Projects()
    shocks: Shocks = Shocks()
    redraw: Redraw = Redraw()
    parquet: bool = False
    """Cases and effort as Parquet in place of CSV."""

    @property
    def other_events(self) -> float:
        """Records per grid and year that are no service requests."""
        rates = self.rates
        return rates.dispute * self.recording.seen_mean + rates.dispute_call + rates.petition + rates.hazard + rates.environment_order

    @property
    def requests(self) -> float:
        """Service requests per grid and year: what the others leave of all records."""
        return max(self.rates.all_events - self.other_events, 0.0)

    @property
    def splits(self) -> int:
        """Grids that are split; as many others are merged from two."""
        return round(self.size.grids * self.redraw.share / 2)

    @property
    def plots(self) -> int:
        """Grids as whichever is larger, before the redraw or after it: two that are merged count as one."""
        return self.size.grids - self.splits

    @model_validator(mode="after")
    def _others_leave_requests(self) -> Self:
        if self.other_events > self.rates.all_events + ROUNDING:
            raise ValueError(
                f"rates.all_events must be at least the sum of the other records, {self.other_events:g} per grid and year, "
                f"found {self.rates.all_events:g}; raise it or lower the others"
            )
        return self

    @model_validator(mode="after")
    def _redraw_leaves_grids(self) -> Self:
        if 3 * self.splits > self.size.grids:
            raise ValueError(
                f"redraw.share must be at most 2/3, for a split takes one grid and a merger two, "
                f"found {self.redraw.share:g} of {self.size.grids} grids: {self.splits} of each; lower it"
            )
        return self

    @model_validator(mode="after")
    def _areas_hold_each_other(self) -> Self:
        size = self.size
        if not size.townships <= size.communities <= self.plots:
            raise ValueError(
                f"every township must have a community and every community a grid that stays whole, found {size.townships} townships, "
                f"{size.communities} communities and {self.plots} grids, two that are merged counted as one; take fewer of the larger"
            )
        return self


class Span(Section):
    """The simulated days, half-open `[start, end)`."""

    start: date
    end: date

    @classmethod
    def of_years(cls, years: int, end: date) -> Self:
        """Return so many years before a day.

        >>> Span.of_years(1, date(2024, 2, 29)).start
        datetime.date(2023, 3, 1)
        """
        first = date(end.year - years, end.month, 1) + timedelta(days=end.day - 1)
        return cls(start=first, end=end)

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.end - self.start).days

    @property
    def weeks(self) -> int:
        """Number of weeks from the first day on, the last one perhaps in part."""
        return -(-self.days // 7)
