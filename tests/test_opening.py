"""A saved file opens as it was; a damaged, foreign, newer or hostile one gets a sentence."""

import json

import pytest
import torch
from zoo import ZOO

import explorer
from explorer import files, opening
from explorer.errors import FileError


@pytest.fixture
def call():
    root, names = ZOO["shared_weight"]()
    return explorer.record(root, names=names)


@pytest.mark.parametrize("make", ZOO.values(), ids=ZOO.keys())
def test_what_was_saved_opens_as_it_was(make, tmp_path) -> None:
    root, names = make()
    trace = explorer.trace(root, names=names)
    trace.save(tmp_path / "trace.json")
    assert explorer.load(tmp_path / "trace.json") == trace


def test_calls_jacobians_and_runs_open_too(call, tmp_path) -> None:
    x = torch.ones(2, requires_grad=True)
    run = explorer.run(
        "import torch\nx = torch.ones(2, requires_grad=True)\nx.exp().sum().backward()"
    )
    for value in (call, explorer.jacobian(x * x, {"x": x}), run):
        path = tmp_path / "saved.json"
        value.save(path)
        assert explorer.load(path) == value


def changed(value, change) -> bytes:
    whole = json.loads(files.encode(type(value).__name__, value.to_dict()))
    change(whole)
    return json.dumps(whole).encode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w.update(format=99), "format 99; this version reads format 1"),
        (lambda w: w.update(file="other"), "not written by Autograd Explorer"),
        (lambda w: w.update(kind="Module"), "holds a 'Module'; allowed are Trace, BackwardCall"),
        (lambda w: w.update(content=[]), "does not say what it holds"),
        (lambda w: w["content"].pop("steps"), "missing required field `steps`"),
        (lambda w: w["content"]["steps"][0].update(node=999), "node 999 is not in the graph"),
        (lambda w: w["content"]["steps"][0].update(node="<b>"), "Expected `int`"),
        (lambda w: w["content"]["trace"]["edges"][0].update(target=-1), "an edge leads"),
        (lambda w: w["content"]["trace"]["nodes"][0].update(index=5), "not numbered"),
        (
            lambda w: w["content"]["trace"]["edges"][-1].update(
                target=w["content"]["trace"]["edges"][-1]["source"]
            ),
            "run in a circle",
        ),
        (
            lambda w: w["content"]["steps"][0]["cotangents_in"][0].update(shape=[10**12]),
            "has 4 bytes",
        ),
        (
            lambda w: w["content"]["steps"][0]["cotangents_in"][0].update(shape=[-1]),
            "shape (-1,)",
        ),
        (
            lambda w: w["content"]["steps"][0]["cotangents_in"][0].update(dtype="object"),
            "'object' is no dtype of numbers",
        ),
        (
            lambda w: w["content"]["steps"][0]["cotangents_in"][0].update(data="%%%"),
            "damaged",
        ),
    ],
)
def test_a_damaged_or_foreign_file_is_refused_in_words(call, change, words: str) -> None:
    with pytest.raises(FileError) as refused:
        opening.loads(changed(call, change))
    assert words in str(refused.value)


@pytest.mark.parametrize("whole", [b"", b"{", b"null", b"[]", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_of_ours_is_refused(whole: bytes) -> None:
    with pytest.raises(FileError):
        opening.loads(whole)


def test_a_file_above_the_limit_is_not_read(tmp_path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(files.MAX_BYTES + 1)
    with pytest.raises(FileError, match="allowed are up to 50 MB"):
        explorer.load(path)
