"""From the champion to people: daily ranking, reasons, ledger, API, pages and the `yujing` command."""
