"""Zones in which a schedule that is computed carelessly goes wrong."""

HARD_ZONES = {
    "Europe/Berlin": 2026,
    "America/New_York": 2026,
    "America/St_Johns": 2011,  # at one minute past midnight
    "Australia/Lord_Howe": 2026,  # by half an hour
    "Pacific/Chatham": 2026,  # at 2:45
    "Africa/Casablanca": 2026,  # around Ramadan
    "Antarctica/Troll": 2026,  # by two hours
    "Pacific/Apia": 2011,  # a day that never was
    "America/Santiago": 2026,  # at midnight: a day begins at one
    "Africa/Cairo": 2026,
    "Asia/Gaza": 2026,
    "Asia/Tehran": 2022,
    "Asia/Kathmandu": 2026,  # never, and no whole hour
    "Europe/Lisbon": 2026,
    "America/Caracas": 2016,  # half an hour forward, for good
    "Asia/Pyongyang": 2018,
}
