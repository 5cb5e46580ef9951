"""Made-up Chinese names: rare characters in pairs, as no place is called."""

import numpy as np

_FIRST = "霁砚绡琅汐棠蘅漪皎筠澹翊莹璟黛谧沁煦芷曦澄穗萤泠"
_SECOND = "岚舟坞湄榭畔渚笙屿陌汀蹊畹霖洲塬垣浦桁溆峤圩涧墅"


def make_names(count: int, rng: np.random.Generator) -> list[str]:
    """Return different names of two characters.

    >>> len(set(make_names(500, np.random.default_rng(1))))
    500
    """
    names = [first + second for first in _FIRST for second in _SECOND]
    return [names[place] for place in rng.permutation(len(names))[:count]]
