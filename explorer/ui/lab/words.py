"""Every sentence that the lab says in the browser, by id, in the language now spoken.

`{name}` is filled in. Formulas and names are the same in every language.
"""

from explorer.language import _


def table() -> dict[str, str]:
    """The words that go to the browser with the matrix."""
    return {
        "colours": _("Colours"),
        "colours.picture": _("one scale"),
        "colours.tensor": _("per tensor"),
        "colours.log": _("log"),
        "colours.log.title": _("Each step of colour is a factor of ten"),
        "part": _("Columns"),
        "part.all": _("all"),
        "sample": _("Rows"),
        "sample.all": _("all samples"),
        "sample.one": _("sample {place}"),
        "numbers": _("Numbers"),
        "numbers.title": _("Print every number, however wide the matrix becomes"),
        "ones": _("ones"),
        "random": _("random"),
        "hot": _("one-hot"),
        "hot.title": _("1 at the chosen element, 0 elsewhere"),
        "program": _("the program's"),
        "program.title": _("The v of the program's own backward()"),
        "type": _("{name}, typed: numbers with commas between them"),
        "typed.wrong": _(
            "{name} needs {count} numbers with commas between them; these are {found}."
        ),
        "typed.not": _("“{text}” is no number."),
        "zero": _("zero"),
        "none": _("None: no path"),
        "grad": _(".grad of backward(v)"),
        "jvp": _("forward mode"),
        "asking": _("asking torch …"),
        "noise": _("≈ 0"),
        "noise.title": _("Rounding alone: below {most}, where float numbers of this size end."),
        "agrees": _("✓ torch"),
        "differs": _("≠ torch"),
        "agrees.v": _("vᵀJ and what backward(v) leaves in .grad agree to the last digit shown."),
        "agrees.u": _("J u and torch's forward mode agree to the last digit shown."),
        "differs.v": _("vᵀJ and .grad differ in {count} places; the largest difference is {most}."),
        "differs.u": _(
            "J u and forward mode differ in {count} places; the largest difference is {most}. "
            "no_grad() and detach() cut the graph, but no_grad() does not stop forward mode."
        ),
        "failed.u": _("No forward mode here. torch says: “{text}”"),
        "failed.v": _("No backward here: {text}"),
        "partial": _("Raise {column} by a small ε, and {row} changes by {value} · ε."),
        "partial.zero": _("Raise {column} a little, and {row} does not change."),
        "partial.none": _("No path leads from {row} to {column}: torch gives None, not zero."),
        "block": _("The entry of largest size among {count} neighbours."),
        "hint": _(
            "Point at a cell. Click one for the arithmetic; click the name of a row for its VJP, "
            "of a column for its JVP."
        ),
        "hint.alone": _("Point at a cell, or click one for the arithmetic."),
        "blocks.alone": _(
            "A cell shows the entry of largest size among {rows} × {columns}. The others are not "
            "here, so neither are vᵀJ and J u."
        ),
        "alone": _(
            "The program is not here: what backward(v) leaves in .grad, forward mode, and what a "
            "row, a column or a cell opens are to be seen with it on the app's Jacobian page."
        ),
        "sum.vtj": _("Column {column}: every ∂ of it, weighted by v and added up"),
        "sum.ju": _("Row {row}: every ∂ of it, weighted by u and added up"),
        "more": _("{count} more that sum to {rest}"),
        "row": _("Row {row}: the VJP of a one-hot v"),
        "column": _("Column {column}: the JVP of a one-hot u"),
        "row.watch": _("Watch this backward"),
        "column.watch": _("Follow it forward"),
        "cell.paths": _("Its paths through the graph"),
        "blocks": _(
            "A cell shows the entry of largest size among {rows} × {columns}: not every entry has "
            "a pixel."
        ),
        "blocks.closer": _("Choose a tensor or a sample to see it closer."),
        "matrix": _(
            "Jacobian, {rows} rows of outputs by {columns} columns of inputs. Arrow keys move from "
            "cell to cell."
        ),
        "edit": _("{name} at {place}"),
        "layout.matrix": _("matrix"),
        "layout.full": _("full shape"),
        "layout.full.title": _(
            "As torch shapes it: one tile for each output, shaped like the input"
        ),
        "layout": _("Layout"),
    }
