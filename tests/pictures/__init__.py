"""Photographs of every page, to look at what strangers will see."""
