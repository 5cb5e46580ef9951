"""Load boosters where a crash does no harm: a script run in its own process by `training.registry.booster_check`, never imported.

Reads one JSON list from stdin, of `{"boosters": {name: text}, "rows": [[number or null, ...], ...]}`, and writes the raw margins of the
rows to stdout, `{name: [margin, ...]}`; what LightGBM prints goes to stderr. A damaged text ends this process by signal, by its memory
limit or by the caller's time limit.
"""

import json
import os
import resource
import sys

MEMORY_BYTES = 512 * 1024 * 1024


def main() -> None:
    """Answer one question, inside the memory limit."""
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # LightGBM imports both where they are installed: most of its start-up time and memory, and not needed here.
    sys.modules.update(dict.fromkeys(("pandas", "sklearn")))  # type: ignore[arg-type]

    import lightgbm  # noqa: PLC0415 - after the limit is set
    import numpy as np  # noqa: PLC0415

    margins = {}
    for group in json.load(sys.stdin):
        rows = np.array(group["rows"], dtype=np.float64)
        for name, text in group["boosters"].items():
            margins[name] = np.asarray(lightgbm.Booster(model_str=text).predict(rows, raw_score=True, num_threads=1)).tolist()
    with answer:
        json.dump(margins, answer)


if __name__ == "__main__":
    main()
