"""Says where fewer images validate than the recipe asks for."""

from hundred.experiment.run.context import RunContext
from hundred.formatting import plural
from hundred.recipe.schema import DataSection

_said: set[str] = set()


def holdout_note(context: RunContext) -> str:
    """One line where a class gives a tenth of its images to validation, which is fewer than the user's values
    of `data.train_per_class` and `data.validation_per_class` ask for; else ''.

    Quiet runs of one process, such as the trials of a sweep, say it once.
    """
    section, splits = context.recipe.data, context.splits
    if splits.validation is None or splits.validation_indices is None or not len(splits.validation):
        return ""
    default = DataSection()
    chosen = section.train_per_class or section.validation_per_class != default.validation_per_class
    most = int(splits.validation.fine.bincount().max())
    if not chosen or most >= section.validation_per_class:
        return ""
    note = (
        f"{plural(most, 'image')} of each class for validation, a tenth of what there is: "
        f"data.validation_per_class is {section.validation_per_class}, "
        f"for classes of {10 * section.validation_per_class} images or more"
    )
    if context.options.quiet and note in _said:
        return ""
    _said.add(note)
    return note
