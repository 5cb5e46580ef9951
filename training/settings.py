"""Settings of training."""

from collections.abc import Sequence
from datetime import date
from typing import ClassVar, Self

from pydantic import Field, model_validator

from features.settings import Section
from training.rivals import PLAIN_LIGHTGBM, PeerName


class TooGood(Section):
    """Figures above which the model is suspected of a leak, on rows where no open case falls due."""

    auc: float = 0.9
    ap_over_base: float = 9.0
    hit_at_5_percent: float = 0.5
    rare_share: float = Field(default=0.05, ge=0, le=1)
    """Nothing is suspected where more of those rows than this see an escalation."""


class BacktestSettings(Section):
    """Settings of the backtest."""

    renamed: ClassVar = {"every_days": "step_days", "bootstrap": "bootstrap_draws"}

    step_days: int = Field(default=7, ge=1)
    """Days between two as_ofs."""
    warm_up_days: int = Field(default=28, ge=1)
    """Days of facts before the first as_of."""
    test_share: float = Field(default=0.3, gt=0, lt=1)
    """Share of the ripe as_ofs, the last ones, that are predicted."""
    folds: int = Field(default=5, ge=1)
    """Refits over the test part; each learns from everything ripe by then."""
    bootstrap_draws: int = Field(default=500, ge=20)
    """Resamples behind every interval."""
    peers: tuple[PeerName, ...] = (PLAIN_LIGHTGBM,)
    """Learners that are fitted to the same rows for comparison; the gate asks for `plain_lightgbm`."""
    capacities: tuple[int, ...] = (10, 30, 60)
    """Grids that can be looked after per list, for which precision is reported."""
    too_good: TooGood = TooGood()
    seed: int = 1


class ModelSettings(Section):
    """Settings of LightGBM and of the model around it.

    Rounds and calibration are found inside each training part. The defaults below were settled on the training parts of two public logs;
    a first study had seen their test rows, so figures on those logs flatter a little, and a deployment checks them on its own.
    """

    renamed: ClassVar = {
        "leaves": "num_leaves",
        "rows_per_leaf": "min_data_in_leaf",
        "l2": "lambda_l2",
        "feature_share": "feature_fraction",
        "max_bins": "max_bin",
        "max_rounds": "num_boost_round",
        "without": "exclude_families",
    }

    learning_rate: float = Field(default=0.1, gt=0, le=1)
    num_leaves: int = Field(default=6, ge=2)
    min_data_in_leaf: int = Field(default=150, ge=1)
    lambda_l2: float = Field(default=20.0, ge=0)
    feature_fraction: float = Field(default=0.5, gt=0, le=1)
    """Share of the features each tree may use."""
    exclude_families: tuple[str, ...] = ()
    """Families of features that trees do not read; the level they start from stays as it is."""
    max_bin: int = Field(default=63, ge=3)
    num_boost_round: int = Field(default=100, ge=1)
    """Trees grown at every refit of a backtest; the model keeps as many of them as helped before."""
    inner_share: float = Field(default=0.5, gt=0, lt=1)
    """Share of the training as_ofs, the last ones, on which rounds and calibration are found before the first fit."""
    inner_folds: int = Field(default=4, ge=1)
    """Refits over them."""
    least_history_days: int = Field(default=91, ge=0)
    """Days of records an as_of needs before trees learn from it."""
    most_rows: int = Field(default=1_000_000, ge=1_000)
    """Rows that trees and regressions learn from; of more, those with an escalation go first, and fewer where memory sets a limit."""
    least_as_ofs: int = Field(default=26, ge=2)
    """With fewer training as_ofs trees cannot be told from chance, and the model is its start alone."""
    replicates: int = Field(default=20, ge=0)
    """Models fitted to resampled rows, from which a rank gets its range."""
    seed: int = 1
    threads: int = Field(default=2, ge=1)

    def leaving_out(self, families: Sequence[str]) -> Self:
        """Return the settings with more families of features that trees do not read."""
        return self.model_copy(update={"exclude_families": (*self.exclude_families, *families)})


class PublishingSettings(Section):
    """How long a model may publish lists."""

    audit_valid_days: int = Field(default=90, ge=1, le=365)
    """Days from the audit of a model, on which it may publish: its training, or its promotion where the gate was overruled."""


LONGEST_CHARTER_DAYS = 366


class CharterSettings(Section):
    """Charter of the service: who runs it and until when. It is public: the transparency record states it."""

    operator: str = Field(default="", max_length=100)
    """Body that runs it."""
    responsible: str = Field(default="", max_length=100)
    """Office or post that answers for it."""
    contact: str = Field(default="", max_length=200)
    """Where the public can reach it."""
    since: date | None = None
    until: date | None = None
    """Last day on which lists are published; without it there is no charter, and no end."""

    @model_validator(mode="after")
    def _ends_within_a_year(self) -> Self:
        if (self.since is None) != (self.until is None):
            raise ValueError("charter must have both since and until, or neither")
        if self.since and self.until and not 0 <= (self.until - self.since).days <= LONGEST_CHARTER_DAYS:
            raise ValueError("charter.until must lie within twelve months after charter.since; renew it then")
        return self
