"""The signed account of a month (清单对账): what lists said, what came, what was missed, beside the simplest rule."""
