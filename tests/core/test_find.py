"""A name finds its file, or an answer that helps."""

import pytest

from unstir.core import find as module
from unstir.core.find import NotFound, find, names


def test_every_file_of_a_folder_holds_its_namesake():
    for group in ("samplers", "guidance"):
        for name in names(group):
            assert find(group, name).__name__ == name


def test_private_files_are_not_names():
    assert not [name for name in names("samplers") if name.startswith("_")]
    with pytest.raises(NotFound):
        find("samplers", "_cost")


def test_tables_and_groups_outside_the_core():
    assert find("schedules", "flow").__name__ == "flow"
    assert "uniform" in names("paths")
    assert "toy" in names("modalities")


@pytest.mark.parametrize("wrong", ["dim", "DDIM", "ddim ", "", "../ddim", "os.path"])
def test_unknown_names_say_what_there_is(wrong):
    with pytest.raises(NotFound) as caught:
        find("samplers", wrong)
    message = str(caught.value)
    assert message.startswith(f"no {wrong!r} in samplers; there are: ddim, ddpm")
    assert isinstance(caught.value, ValueError)


def test_the_nearest_name_is_offered():
    with pytest.raises(NotFound, match=r"did you mean 'dpmpp_2m'\?"):
        find("samplers", "dpm++_2m")
    with pytest.raises(NotFound) as caught:
        find("samplers", "zzz")
    assert "did you mean" not in str(caught.value)


def test_nothing_is_imported_that_was_not_asked_for(monkeypatch):
    loaded = []
    real = module.import_module
    monkeypatch.setattr(module, "import_module", lambda name: loaded.append(name) or real(name))
    find("samplers", "ddim")
    assert set(loaded) == {"unstir.core.samplers", "unstir.core.samplers.ddim"}
