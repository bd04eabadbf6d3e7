"""Runs of hours: what a test of seconds cannot show."""
