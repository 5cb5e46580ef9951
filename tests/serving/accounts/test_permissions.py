"""Permissions: which role may do what, and which part of the grid tree an account sees."""

from dataclasses import replace

import pytest

from serving.accounts.permissions import DELICATE, EVERYTHING, RIGHTS, Actor, Right, Role, Scope

TOWNSHIP = Scope("d/t1")
DEPARTMENT = Scope("", department="labour")


def actor(role: Role, **values) -> Actor:
    return Actor("a1", "li", role, TOWNSHIP, **values)


@pytest.mark.parametrize(
    ("right", "roles"),
    [
        (Right.READ_AUDIT, {Role.AUDITOR}),
        (Right.TRAIN, {Role.ANALYST}),
        (Right.PAUSE, {Role.COMMAND}),
        (Right.RELEASE, {Role.ANALYST}),
        (Right.ANSWER_ALERTS, {Role.COMMAND, Role.TOWNSHIP, Role.GRID_WORKER, Role.DEPARTMENT}),
        (Right.READ_LISTS, set(Role) - {Role.DEPARTMENT, Role.AUDITOR}),
        (Right.ADMINISTER, set()),
    ],
)
def test_right_goes_with_these_roles_alone(right, roles):
    assert roles == {role for role in Role if actor(role).may(right)}


def test_auditor_reads_the_trail_and_changes_nothing():
    reads = {Right.READ_MODELS, Right.READ_CORRECTIONS, Right.READ_AUDIT}

    assert reads == {right for right in Right if actor(Role.AUDITOR).may(right)}


def test_administering_is_given_to_an_account_beside_its_role():
    assert actor(Role.GRID_WORKER, administers=True).may(Right.ADMINISTER)
    assert not actor(Role.GRID_WORKER, administers=True).may(Right.EXPORT)


def test_account_with_a_one_time_password_may_do_nothing():
    waiting = actor(Role.COMMAND, administers=True, must_change_password=True)

    assert [] == [right for right in Right if waiting.may(right)]


def test_accounts_that_may_supervise_direct_others():
    assert {Role.COMMAND, Role.TOWNSHIP} == {role for role in Role if actor(role).directs}


def test_every_role_has_rights_and_no_reading_right_is_delicate_but_that_of_the_trail():
    assert set(Role) == set(RIGHTS)
    assert {Right.READ_AUDIT} == {right for right in DELICATE if right.name.startswith("READ_")}


@pytest.mark.parametrize(
    ("scope", "path", "covers", "is_above"),
    [
        (TOWNSHIP, "d/t1", True, False),
        (TOWNSHIP, "d/t1/c1/g1", True, True),
        (TOWNSHIP, "d/t10", False, False),
        (TOWNSHIP, "d", False, False),
        (EVERYTHING, "d/t1", True, True),
        (DEPARTMENT, "d/t1", False, False),
        (replace(TOWNSHIP, department="labour"), "d/t1/g1", False, False),
    ],
)
def test_scope_covers_its_node_and_what_lies_below(scope, path, covers, is_above):
    assert (covers, is_above) == (scope.covers(path), scope.is_above(path))


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [("", "d/t1", "d/t1"), ("d/t1", "d", "d/t1"), ("d/t1", "d/t1", "d/t1"), ("d/t1", "d/t2", None), ("d/t1", "d/t10", None)],
)
def test_meet_is_the_narrower_of_two_scopes_either_way(one, other, both):
    expected = None if both is None else Scope(both)

    assert expected == Scope(one).meet(Scope(other)) == Scope(other).meet(Scope(one))
