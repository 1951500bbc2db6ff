"""Recipes: read, extended, overridden, written and read back."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hundred.errors import UsageError
from hundred.recipe.load import builtin_names, for_device, leaves, load_recipe
from hundred.recipe.write import to_toml


@pytest.mark.parametrize("name", builtin_names())
def test_a_builtin_recipe_written_out_reads_back_to_the_same_recipe(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name).recipe
    path = tmp_path / "recipe.toml"
    path.write_text(to_toml(recipe, "written out\nby a test"), encoding="utf-8")
    assert load_recipe(path).recipe == recipe


@given(
    epochs=st.integers(1, 1000),
    learning_rate=st.floats(1e-9, 10.0),
    smoothing=st.floats(0.0, 0.99),
    zoom=st.one_of(st.floats(0.0, 0.99), st.tuples(st.floats(0.1, 1.0), st.floats(1.0, 2.0)).map(list)),
)
def test_any_valid_values_survive_the_round_trip_through_toml(
    epochs: int, learning_rate: float, smoothing: float, zoom: object
) -> None:
    overrides = {
        "training.epochs": epochs,
        "training.learning_rate": learning_rate,
        "training.label_smoothing": smoothing,
        "augment.zoom": zoom,
    }
    recipe = load_recipe("school", overrides).recipe
    assert load_recipe(tomllib.loads(to_toml(recipe))).recipe == recipe


def test_a_value_knows_where_it_came_from(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('extends = "school"\n[training]\nepochs = 3\n', encoding="utf-8")
    resolved = load_recipe(own, ["training.batch_size=256"])
    assert resolved.recipe.training.epochs == 3
    assert resolved.recipe.training.batch_size == 256
    assert resolved.recipe.augment.rotation == 15.0
    assert resolved.origins["training.epochs"] == str(own)
    assert resolved.origins["training.batch_size"] == "--set"
    assert resolved.origins["augment.rotation"] == "school"
    assert resolved.origins["training.momentum"] == "default"
    assert resolved.parents == ("school",)
    assert set(resolved.origins) == set(leaves(resolved.recipe))


def test_a_file_extends_another_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text("[training]\nepochs = 7\nbatch_size = 32\n", encoding="utf-8")
    (tmp_path / "child.toml").write_text('extends = "base.toml"\n[training]\nepochs = 9\n', encoding="utf-8")
    training = load_recipe(tmp_path / "child.toml").recipe.training
    assert (training.epochs, training.batch_size) == (9, 32)


def test_a_recipe_remembers_what_it_was_based_on_through_being_written_out(tmp_path: Path) -> None:
    child, run, grandchild = (tmp_path / f"{name}.toml" for name in ("child", "run", "grandchild"))
    child.write_text('extends = "school-revisited"\n[training]\nepochs = 9\n', encoding="utf-8")
    recipe = load_recipe(child).recipe
    assert recipe.based_on == "school-revisited"
    run.write_text(to_toml(recipe), encoding="utf-8")
    assert load_recipe(run).recipe == recipe
    grandchild.write_text('extends = "run.toml"\n', encoding="utf-8")
    assert load_recipe(grandchild).recipe.based_on == str(run)
    assert load_recipe("school").recipe.based_on == ""


def test_a_circle_of_parents_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('extends = "b.toml"\n', encoding="utf-8")
    (tmp_path / "b.toml").write_text('extends = "a.toml"\n', encoding="utf-8")
    with pytest.raises(UsageError, match="circle"):
        load_recipe(tmp_path / "a.toml")


def test_an_unknown_recipe_names_the_nearest_and_all(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'school'"):
        load_recipe("scool")


@given(content=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_of_any_bytes_is_read_or_refused_in_few_lines(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "any.toml"
    path.write_bytes(content)
    message = ""
    try:
        load_recipe(path)
    except UsageError as error:
        message = str(error)
    assert len(message.splitlines()) <= 2


def test_values_may_be_written_as_python_or_toml_would() -> None:
    training = load_recipe(
        "sprint", ["training.learning_rate=1e-4", "training.schedule.milestones=(0.5, 0.75)"]
    ).recipe.training
    assert training.learning_rate == 1e-4
    assert training.schedule.milestones == (0.5, 0.75)


def test_options_of_a_network_are_keys_of_its_table() -> None:
    model = load_recipe("school", ["model.name=resnet50", "model.upsample=7"]).recipe.model
    assert model.options == {"upsample": 7}
    with pytest.raises(UsageError, match=r"model\.upsample"):
        load_recipe("school", ["model.upsample=[1]"])


def test_a_text_value_needs_no_quotes_even_where_it_looks_like_a_number() -> None:
    assert load_recipe("sprint", ["summary=42"]).recipe.summary == "42"


ON_CUDA: dict[str, Any] = {
    "name": "fit",
    "training": {"epochs": 2, "batch_size": 32},
    "cuda": {"training": {"batch_size": 512, "learning_rate": 0.5}, "model": {"width1": 64}},
}


def test_cuda_tables_hold_on_cuda_alone() -> None:
    resolved = load_recipe(ON_CUDA)
    here, there = for_device(resolved, "cpu").recipe, for_device(resolved, "cuda").recipe
    assert here.cuda is None
    assert there.cuda is None
    assert (here.training.epochs, here.training.batch_size) == (2, 32)
    assert (there.training.epochs, there.training.batch_size, there.training.learning_rate) == (2, 512, 0.5)
    assert there.model.options == {"width1": 64}


def test_what_is_set_by_hand_outweighs_cuda_tables() -> None:
    resolved = for_device(load_recipe(ON_CUDA, ["training.batch_size=8"]), "cuda")
    assert (resolved.recipe.training.batch_size, resolved.recipe.training.learning_rate) == (8, 0.5)


def test_a_recipe_that_extends_another_outweighs_its_cuda_tables() -> None:
    own = {"extends": "sprint", "training": {"batch_size": 64}, "cuda": {"training": {"epochs": 3}}}
    recipe = for_device(load_recipe(own), "cuda").recipe
    assert (recipe.training.batch_size, recipe.training.epochs) == (64, 3)
    assert (
        recipe.training.learning_rate
        == for_device(load_recipe("sprint"), "cuda").recipe.training.learning_rate
    )


@pytest.mark.parametrize("how", [{"extends": "sprint", "model": {"name": "school"}}, "sprint"])
def test_another_network_does_not_get_options_meant_for_the_recipes_own(how: Any) -> None:
    overrides = ["model.name=school"] if how == "sprint" else []
    assert for_device(load_recipe(how, overrides), "cuda").recipe.model.options == {}


def test_a_fault_in_a_cuda_table_is_an_error_on_every_device() -> None:
    with pytest.raises(UsageError, match="batchsize"):
        load_recipe({**ON_CUDA, "cuda": {"training": {"batchsize": 512}}})


def test_a_recipe_with_cuda_tables_reads_back_from_toml(tmp_path: Path) -> None:
    recipe = load_recipe(ON_CUDA).recipe
    (tmp_path / "recipe.toml").write_text(to_toml(recipe), encoding="utf-8")
    assert load_recipe(tmp_path / "recipe.toml").recipe == recipe


def test_sprint_is_wider_on_a_gpu() -> None:
    sprint = load_recipe("sprint")
    assert "width3" not in for_device(sprint, "cpu").recipe.model.options
    wide = for_device(sprint, "cuda").recipe
    assert wide.model.options["width3"] == 768
    assert wide.growth == ()
