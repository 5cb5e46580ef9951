"""The pages: published lists, alerts and models for people, in Chinese first."""
