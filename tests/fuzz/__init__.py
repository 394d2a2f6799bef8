"""What strangers send and what rules say, made up by the ten thousand; `make fuzz` tries a million."""
