"""`synerstat serve`, and what is served to machines followed as its description says."""

import http.client
import itertools
import json
import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import jsonschema
import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate
from running import ROOT

from .conftest import Published


def get(address: str) -> tuple[str, bytes]:
    with urllib.request.urlopen(address) as answer:
        return answer.headers.get_content_type(), answer.read()


def test_serve_says_where_and_shows_the_latest_page(published: Published) -> None:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "synerstat", "serve"),
            *("--out", str(published.out), "--port", "0"),
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        address = re.match(r"http://127\.0\.0\.1:[0-9]+/", said)
        assert address, said
        kind, page = get(address.group())
        assert kind == "text/html"
        assert page == (published.site / "index.html").read_bytes()
    finally:
        process.terminate()
        process.wait()


def test_a_taken_port_and_a_folder_without_a_page_are_told(
    published: Published, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for out, reason in ((published.out, "--port"), (tmp_path, "There is no page")):
            said = subprocess.run(
                [
                    *(sys.executable, "-m", "synerstat", "serve"),
                    *("--out", str(out), "--port", str(port)),
                ],
                capture_output=True,
                text=True,
                cwd=ROOT,
                check=False,
            )
            assert said.returncode == 2
            assert reason in said.stderr
            assert "Traceback" not in said.stderr


@pytest.mark.parametrize(
    ("path", "host", "status"),
    [
        ("/latest/site/en/index.html", "127.0.0.1", 200),
        ("/latest/site/en/index.html", "elsewhere.example", 421),
        ("/../warehouse/synerstat.duckdb", "localhost", 404),
        ("/%2e%2e/warehouse/synerstat.duckdb", "localhost", 404),
        ("/latest/", "localhost", 404),
    ],
)
def test_only_publications_are_served_and_only_here(
    published: Published, path: str, host: str, status: int
) -> None:
    connection = http.client.HTTPConnection(published.address.split("/")[2])
    connection.request("GET", path, headers={"Host": host})
    assert connection.getresponse().status == status
    connection.close()


def test_the_description_for_machines_is_valid_and_holds(published: Published) -> None:
    base = published.url("api")
    description = json.loads(get(f"{base}/openapi.json")[1])
    validate(description)
    followed = 0
    for path, item in description["paths"].items():
        operation = item["get"]
        parameters = operation.get("parameters", [])
        ((media, content),) = operation["responses"]["200"]["content"].items()
        for codes in itertools.product(*(each["schema"]["enum"] for each in parameters)):
            names = (each["name"] for each in parameters)
            kind, answer = get(base + path.format(**dict(zip(names, codes, strict=True))))
            assert kind == media
            found = json.loads(answer) if media == "application/json" else answer.decode("utf-8")
            jsonschema.validate(found, content["schema"], cls=OAS31Validator)
            followed += 1
    # five data sets in ten periods, twice, the code lists and three more
    assert followed > 100


def test_the_index_leads_to_files_that_are_there(published: Published) -> None:
    index = json.loads((published.site / "api" / "index.json").read_text("utf-8"))
    addresses = re.findall(r'"([a-z]+/[A-Za-z0-9_/.-]+\.(?:json|csv))"', json.dumps(index))
    assert len(addresses) > 100
    assert all((published.site / "api" / each).is_file() for each in addresses)
