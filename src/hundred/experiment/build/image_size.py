"""Recipes at other image sizes: what they say in pixels is meant for images of 32, and goes in proportion."""

from hundred.recipe.schema import ModelSection, Recipe

SIDE = 32


def at_image_size(recipe: Recipe, image_size: int) -> Recipe:
    """`recipe` with its pixels (progressive resizing, crop padding, cutout) as they are at `image_size`."""
    if image_size == SIDE:
        return recipe

    def scaled(pixels: int) -> int:
        return max(round(pixels * image_size / SIDE), 1) if pixels else 0

    training, augment = recipe.training, recipe.augment
    options = dict(recipe.model.options)
    upsample = options.get("upsample")
    if isinstance(upsample, int) and upsample > 1:  # to the 224 pixels that ImageNet's networks know
        options["upsample"] = max(round(upsample * min(SIDE / image_size, 1)), 1)
    model = ModelSection.model_validate(
        {"name": recipe.model.name, "weights": recipe.model.weights, **options}
    )
    resolutions = tuple((until, scaled(side)) for until, side in training.resolutions)
    return recipe.model_copy(
        update={
            "model": model,
            "training": training.model_copy(update={"resolutions": resolutions}),
            "augment": augment.model_copy(
                update={"crop_padding": scaled(augment.crop_padding), "cutout": scaled(augment.cutout)}
            ),
        }
    )
