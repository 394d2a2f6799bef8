"""As alertops.lib.display writes them."""

DATETIME_FORMAT = "j M Y, H:i:s T"
