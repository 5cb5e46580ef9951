"""Taking files in on the pages: held for a while, described in words, mapped, tried and stored."""
