"""Errors as problem details (RFC 9457): what is told, and what is kept back."""

import logging

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient

from features.errors import DamagedError, NotFoundError, NotSignedInError, StoreError, TooManyError
from serving.server.errors import MEDIA_TYPE, PlainErrorsAsProblems, answer_errors, describe_problems, described, problem

RAISED = {
    "missing": NotFoundError("No list was published for that date."),
    "stranger": NotSignedInError("Sign in."),
    "store": StoreError("/srv/home/yujing.db is locked"),
    "damaged": DamagedError("entry 7 does not match its hash"),
    "often": TooManyError("Five files a day."),
    "gone": HTTPException(410, "Start again.", headers={"X-Of-Its-Own": "kept"}),
    "unforeseen": ZeroDivisionError("secret"),
}


@pytest.fixture(scope="module")
def client():
    app = FastAPI()
    app.add_middleware(PlainErrorsAsProblems)
    answer_errors(app)
    describe_problems(app)

    @app.get("/raise/{name}")
    def fail(name: str) -> None:
        raise RAISED[name]

    @app.get("/number/{number}")
    def number(number: int) -> int:
        return number

    @app.post("/number/{number}")
    def add_number(number: int) -> int:
        return number

    @app.get("/plain/{status}")
    def plain(status: int) -> PlainTextResponse:
        return PlainTextResponse("as it is", status)

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [("missing", 404, "not-found"), ("stranger", 401, "not-signed-in"), ("often", 429, "too-many-requests"), ("gone", 410, "gone")],
)
def test_error_of_ours_is_told_with_its_status_and_words(client, name, status, kind):
    answer = client.get(f"/raise/{name}")
    told = getattr(RAISED[name], "detail", None) or str(RAISED[name])

    assert (status, MEDIA_TYPE) == (answer.status_code, answer.headers["content-type"])
    assert (f"urn:yujing:problem:{kind}", status, told) == tuple(answer.json()[key] for key in ("type", "status", "detail"))


@pytest.mark.parametrize("name", ["store", "damaged"])
def test_fault_of_the_store_is_logged_and_its_place_not_told(client, name, caplog):
    with caplog.at_level(logging.ERROR):
        answer = client.get(f"/raise/{name}")

    assert 503 == answer.status_code
    assert "5" == answer.headers["retry-after"]
    assert str(RAISED[name]) not in answer.text
    assert [str(RAISED[name])] == caplog.messages


def test_error_nobody_foresaw_tells_nothing(client):
    answer = client.get("/raise/unforeseen")

    assert (500, "Internal error") == (answer.status_code, answer.json()["title"])
    assert "secret" not in answer.text


def test_headers_say_how_to_sign_in_and_when_to_try_again(client):
    assert "Bearer" == client.get("/raise/stranger").headers["www-authenticate"]
    assert "3600" == client.get("/raise/often").headers["retry-after"]
    assert "kept" == client.get("/raise/gone").headers["x-of-its-own"]


def test_method_that_a_path_lacks_is_answered_with_those_that_it_has(client):
    answer = client.delete("/number/1")

    assert (405, "GET, HEAD, POST") == (answer.status_code, answer.headers["allow"])


def test_request_that_does_not_fit_names_the_field_and_never_its_value(client):
    answer = client.get("/number/13800138000x")

    assert 422 == answer.status_code
    assert [("path.number", "int_parsing")] == [(fault["field"], fault["code"]) for fault in answer.json()["errors"]]
    assert "13800138000" not in answer.text


@pytest.mark.parametrize(("status", "media_type"), [(400, MEDIA_TYPE), (413, MEDIA_TYPE), (200, "text/plain; charset=utf-8")])
def test_plain_text_errors_become_problems_and_other_texts_stay(client, status, media_type):
    answer = client.get(f"/plain/{status}")

    assert (status, media_type) == (answer.status_code, answer.headers["content-type"])
    assert ("as it is" == answer.text) is (status == 200)


def test_description_holds_the_schema_that_answers_refer_to(client):
    schemas = client.app.openapi()["components"]["schemas"]
    (content,) = [each["content"][MEDIA_TYPE]["schema"] for each in described(404).values()]

    assert content["$ref"].rpartition("/")[2] in schemas
    assert "FieldFault" in schemas


def test_problem_of_a_status_without_a_title_is_refused_in_words():
    assert b'"title":"Refused"' in problem(418, "no").body
