"""A made-up district that behaves like a real one, for the demo, the tests and the benchmarks."""
