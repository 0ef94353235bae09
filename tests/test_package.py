from __future__ import annotations

import subprocess
import sys

import pytest

import tanaoroshi


@pytest.mark.parametrize("name", tanaoroshi.__all__)
def test_every_name_is_there_and_says_what_it_is(name: str) -> None:
    thing = getattr(tanaoroshi, name)
    assert thing.__doc__
    assert name in dir(tanaoroshi)


def test_a_wrong_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = tanaoroshi.no_such_name


def test_a_verb_stays_a_verb_when_its_room_is_open() -> None:
    code = (
        "import numpy as np, tanaoroshi as tn, tanaoroshi.metrics, tanaoroshi.report as room; "
        "v = np.random.default_rng(0).integers(0, 4, (200, 2)).astype(float); "
        "assert tn.metrics(v, v, only=['mig']).metrics['mig'].value == 1; "
        "import tanaoroshi.archive.gaps; assert tn.archive.gaps.MOST; "
        "assert tn.archive(tn.load_collection('emoji', limit=40)).audit.collection.n == 40; "
        "assert tn.metrics.mig is tn.mig; assert callable(tn.report); assert room.write_report"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_brings_nothing_heavy() -> None:
    code = (
        "import sys, time; start = time.perf_counter(); import tanaoroshi; "
        "print(time.perf_counter() - start, *sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, *modules = done.stdout.split()
    assert float(seconds) < 0.3
    assert not {"numpy", "scipy", "sklearn", "onnxruntime", "pyarrow", "altair", "torch"} & set(
        modules
    )


def test_everything_but_training_works_without_torch() -> None:
    code = (
        "import sys, tanaoroshi; [getattr(tanaoroshi, name) for name in tanaoroshi.__all__]; "
        "import tanaoroshi.cli.app; assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
