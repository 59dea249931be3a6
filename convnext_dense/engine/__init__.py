"""Configs to runs: settings, the runner, and its hooks."""
