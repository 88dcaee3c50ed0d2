"""What ./dev bench runs: see docs/performance.md for the method."""
