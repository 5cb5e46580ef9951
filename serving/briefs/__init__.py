"""The brief of a day or week (每日研判): what to look at, why, what is due, what changed and what data are missing, on one page."""
