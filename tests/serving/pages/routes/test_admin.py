"""/admin: administrators try another rule, issue tokens and end them."""

import re

import pytest

from serving.accounts.accounts import NewAccount, change_password, create_account
from serving.accounts.permissions import EVERYTHING, Role
from serving.accounts.sessions import actor_of_token, tokens
from serving.audit import OPERATOR
from tests.support.people import NOW, token_of
from tests.support.visitors import PASSWORD

RULE = {
    "enter_share": "0.05", "leave_share": "0.08", "per_township": "3", "exploration_share": "0", "blind_review_share": "0",
    "cool_down_days": "7",
}  # fmt: skip


@pytest.fixture
def chief(own_world, enter_own):
    created, password = create_account(own_world.engine, NewAccount("chief", Role.ANALYST, EVERYTHING, administers=True), OPERATOR, NOW)
    change_password(own_world.engine, created.actor, password, PASSWORD, NOW)
    return enter_own("chief")


def test_changed_rule_is_tried_and_not_saved(chief, own_world) -> None:
    tried = chief.get("/admin/rule", params=RULE | {"enter_share": "0.5", "leave_share": "0.6"}).text
    now, then = (float(figure) for figure in re.search(r"现行规则([\d.]+)条，修改后([\d.]+)条", tried).groups())

    assert now < then
    assert "alerts:\n  enter_share: 0.5\n" in tried
    assert 'name="enter_share" value="0.05"' in chief.get("/admin").text


@pytest.mark.parametrize("wrong", [{"enter_share": "0.2"}, {"enter_share": "much"}, {"review": "true"}, {"nothing": "1"}])
def test_rule_that_does_not_fit_is_refused_in_words(chief, wrong) -> None:
    answer = chief.get("/admin/rule", params=RULE | wrong)

    assert answer.status_code == 422
    assert "这些数值不能同时成立" in answer.text


def test_token_is_shown_once_and_can_be_ended(chief, own_world) -> None:
    page = chief.get("/admin").text
    account_id = re.search(r'<option value="([^"]+)">analyst</option>', page)[1]
    fields = {"csrf": token_of(page), "account": account_id, "label": "夜间报表", "days": "7"}
    issued = chief.post("/admin/tokens", data=fields).text
    secret = re.search(r"<b>([^<]+)</b></p>", issued)[1]
    (token,) = (token for token in tokens(own_world.engine, account_id) if token.label == "夜间报表")

    assert actor_of_token(own_world.engine, secret, NOW).account_id == account_id
    assert secret not in chief.get("/admin").text
    chief.post(f"/admin/tokens/{account_id}/{token.token_id}/revoke", data={"csrf": fields["csrf"]})
    assert actor_of_token(own_world.engine, secret, NOW) is None


def test_only_administrators_try_rules_and_issue_tokens(own_world, enter_own) -> None:
    analyst = enter_own("analyst")

    assert analyst.get("/admin/rule").status_code == 403
    assert analyst.post("/admin/tokens", data={"account": "x", "label": "y"}).status_code == 403
