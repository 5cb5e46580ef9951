"""What a published list consists of: scores, ranks, reasons, weeks and sums, as plain values."""
