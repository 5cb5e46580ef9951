"""The situation analysis (形势分析研判) of a month or quarter: what was reported, what became of it, how sure that is."""
