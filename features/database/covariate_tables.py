"""SQL table of covariates: numbers about grids that others measure, such as weather or floating population; append-only."""

from sqlalchemy import BigInteger, Column, Date, Float, String, Table

from features.database.tables import UtcTime, metadata

covariate = Table(
    "covariate",
    metadata,
    Column("name", String, primary_key=True, comment="code of what is measured"),
    Column("grid_id", String, primary_key=True, comment="empty where it holds for every grid"),
    Column("day", Date, primary_key=True, comment="day, or first day of the week, that it is about"),
    Column("known_at", UtcTime, primary_key=True, comment="from then on it may be used; a corrected number has a later one"),
    Column("value", Float, nullable=False),
    Column("seq", BigInteger, nullable=False, comment="sequence number of the log with which it came"),
)
