"""Trained models as files that other runtimes execute."""
