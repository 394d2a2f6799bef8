"""How times are written where Django writes them: always with the zone."""
