"""The shipped units under a systemd that boots with them: what follows what, what is told, what is restarted."""

import pytest

from tests.support.booted import boot, change_unit, install, install_this, make_machine, needs_systemd, steps

pytestmark = needs_systemd

JOURNAL = "journalctl --no-pager --identifier=systemd --identifier=yujing"
WAIT = "for i in $(seq 100); do sleep 0.2; [ -z \"$(systemctl list-jobs --no-legend 'yujing*')\" ] && break; done\n"
MISSED = "mkdir -p /var/lib/systemd/timers; touch -d '3 days ago' /var/lib/systemd/timers/stamp-yujing-daily.timer\n"
IN_ORDER = [f"{verb} {name}" for name in ("ingest", "rank", "backup") for verb in ("starting", "finished")]


def test_missed_morning_is_made_up_in_order_and_the_next_one_follows(tmp_path):
    root = make_machine(tmp_path)
    install(root, "sleep 0.3")

    printed = boot(root, f"{MISSED}systemctl start yujing-daily.timer\n{WAIT}systemctl start yujing-daily.target\n{WAIT}{JOURNAL}")

    assert steps(printed) == IN_ORDER * 2


def test_unit_that_fails_is_told_and_those_behind_it_run(tmp_path):
    root = make_machine(tmp_path)
    install(root, 'test "$1" != ingest')

    printed = boot(root, f"systemctl start yujing-daily.target\n{WAIT}{JOURNAL}")

    assert steps(printed) == ["starting ingest", "failed ingest", *IN_ORDER[2:]]
    assert "yujing-ingest.service failed; see journalctl --namespace=yujing --unit yujing-ingest.service" in printed


SHOW = "systemctl show --property=MainPID --property=NRestarts --property=ActiveState yujing.service | tr '\\n' ' '; echo\n"
NEW_PID = "for i in $(seq 300); do sleep 0.2; systemctl show --property=NRestarts yujing.service | grep -q =0 || break; done\n"


@pytest.mark.full
def test_service_is_ready_when_systemctl_returns_and_is_restarted_and_told_when_it_hangs(tmp_path):
    root = make_machine(tmp_path)
    change_unit(root, "yujing.service", "WatchdogSec=6")
    script = f'systemctl start yujing.service; echo "started $?"\ncurl -s http://127.0.0.1:8000/healthz; echo\n{SHOW}'
    script += f"pid=$(systemctl show --property=MainPID --value yujing.service)\ngrep 'open files' /proc/$pid/limits\nsleep 10\n{SHOW}"
    script += f"kill -STOP $pid\n{NEW_PID}systemctl is-active yujing.service\nsystemctl start yujing.service\n{SHOW}"
    script += f'systemctl stop yujing.service; echo "stopped $?"\n{JOURNAL}'

    printed = boot(root, script, install_this(root))

    started, health, first, limits, later, _, again, stopped, *journal = printed.splitlines()
    assert (started, stopped, "8192" in limits) == ("started 0", "stopped 0", True)
    assert '"ok"' in health
    assert first == later
    assert "NRestarts=0" in later
    assert "NRestarts=1 ActiveState=active" in again
    assert any("yujing.service failed; see journalctl" in line for line in journal)
