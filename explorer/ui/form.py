"""The form in which a visitor builds a network; every sentence stands beside its widget.

The form never holds back what was typed: `session.spec()` keeps it, sound or not, across pages.
"""

from typing import Any, Final

import msgspec
import streamlit as st

from explorer import presets
from explorer.builder import (
    ACTIVATIONS,
    LAYER_KINDS,
    LOSSES,
    MAX_LAYERS,
    Layer,
    NetworkSpec,
    read_numbers,
)
from explorer.errors import SpecError
from explorer.language import _
from explorer.ui import session

_NEW_LAYER: Final = Layer("Linear", width=4)


def show() -> None:
    """The form if the visitor's network is the current program, else what that program is."""
    if session.choice() != session.NETWORK:
        _describe()
        st.button(
            _("Build your own network"), type="primary", icon=":material/construction:",
            on_click=session.choose, args=(session.NETWORK,),
        )  # fmt: skip
        return
    held = session.spec()
    problems = {problem.field: str(problem) for problem in held.problems()}
    changed = msgspec.structs.replace(
        held,
        **_sizes(held, problems),
        layers=_layers(held, problems),
        **_data(held, problems),
        **_switches(held, problems),
    )
    if changed != held:
        session.set_spec(changed)
        st.rerun()


def _describe() -> None:
    """Title and story of a program that no form holds."""
    if session.choice() == session.CODE:
        st.subheader(session.title(session.CODE))
        began = session.where_it_began()
        st.write(_("{began} It was typed, so no form can hold it.").format(began=began))
        return
    preset = presets.get(session.choice())
    st.subheader(_(preset.title))
    st.write(_(preset.blurb))


def _key(field: str) -> str:
    return f"form {session.form_number()} {field}"


def _say(problems: dict[str, str], field: str) -> None:
    """The sentence that belongs beside the widget of `field`, if there is one."""
    if field in problems:
        st.warning(problems[field], icon=":material/edit:")


# ----------------------------------------------------------------------------------------- data


def _sizes(spec: NetworkSpec, problems: dict[str, str]) -> dict[str, int]:
    """Features of a sample, samples, and the seed."""
    labels = {"inputs": _("Inputs"), "batch": _("Batch"), "seed": _("Seed")}
    sizes = {}
    for column, (field, label) in zip(st.columns(3), labels.items(), strict=True):
        with column:
            sizes[field] = _whole(label, field, getattr(spec, field), problems)
    return sizes


def _data(spec: NetworkSpec, problems: dict[str, str]) -> dict[str, Any]:
    """The loss, and the numbers that go in."""
    losses = list(LOSSES)
    loss = st.selectbox(
        _("Loss"), losses, index=losses.index(spec.loss) if spec.loss in losses else 0,
        format_func=lambda name: _(LOSSES[name]), key=_key("loss"),
    )  # fmt: skip
    _say(problems, "loss")
    data: dict[str, Any] = {"loss": loss}
    data["values"] = _numbers(
        _("Input values"), "values", spec.values, problems, f"{spec.batch} × {spec.inputs}"
    )
    if spec.loss in ("mse", "l1", "bce_with_logits", "cross_entropy"):
        fit = f"{spec.batch}" + ("" if spec.loss == "cross_entropy" else f" × {spec.outputs()}")
        data["targets"] = _numbers(_("Targets"), "targets", spec.targets, problems, fit)
    elif spec.loss == "none" and spec.backward:
        fit = f"{spec.batch} × {spec.outputs()}"
        data["vector"] = _numbers(_("Vector v for backward"), "vector", spec.vector, problems, fit)
    return data


def _whole(label: str, field: str, value: int, problems: dict[str, str]) -> int:
    """A whole number, allowed or not."""
    typed = st.number_input(label, value=value, step=1, key=_key(field))
    _say(problems, field)
    return typed


def _numbers(
    label: str, field: str, value: tuple[float, ...] | None, problems: dict[str, str], fit: str
) -> tuple[float, ...] | None:
    """Numbers typed by hand, or None for an empty field."""
    texts: dict[str, str] = st.session_state.setdefault("typed numbers", {})
    shown = " ".join(f"{number:g}" for number in value or ())
    text = st.text_input(
        f"{label} ({fit})", value=texts.get(_key(field), shown), key=_key(field),
        placeholder=_("empty: drawn from the seed") if field != "vector" else _("empty: all ones"),
    )  # fmt: skip
    texts[_key(field)] = text
    try:
        numbers = read_numbers(text, field=field)
    except SpecError as error:
        stay = _("Until then the last numbers that could be read stay.")
        st.warning(f"{error} {stay}")
        return value
    _say(problems, field)
    return numbers or None


# --------------------------------------------------------------------------------------- layers


def _layers(spec: NetworkSpec, problems: dict[str, str]) -> tuple[Layer, ...]:
    """One row a layer, each to be changed, moved and removed."""
    st.markdown(f"**{_('Layers')}**")
    last = len(spec.layers) - 1
    rows = tuple(_layer(i, layer, last, problems) for i, layer in enumerate(spec.layers))
    _say(problems, "layers")
    full = len(rows) >= MAX_LAYERS
    st.button(_("Add a layer"), icon=":material/add:", on_click=_add, disabled=full)
    return rows


def _layer(i: int, layer: Layer, last: int, problems: dict[str, str]) -> Layer:
    """The row of one layer."""
    field = f"layers[{i}]"
    kind_at, detail_at, up, down, away = st.columns(
        [4, 3, 1, 1, 1], vertical_alignment="center", gap="small"
    )
    kinds = list(LAYER_KINDS)
    kind = kind_at.selectbox(
        _("Layer {number}").format(number=i + 1), kinds,
        index=kinds.index(layer.kind) if layer.kind in kinds else 0,
        key=_key(f"{field}.kind"), label_visibility="collapsed",
    )  # fmt: skip
    with detail_at:
        changed = _detail(field, msgspec.structs.replace(layer, kind=kind))
    up.button("↑", key=_key(f"{field} up"), help=_("Move up"), disabled=i == 0,
              on_click=_move, args=(i, i - 1), width="stretch")  # fmt: skip
    down.button("↓", key=_key(f"{field} down"), help=_("Move down"), disabled=i == last,
                on_click=_move, args=(i, i + 1), width="stretch")  # fmt: skip
    away.button("✕", key=_key(f"{field} away"), help=_("Remove"),
                on_click=_remove, args=(i,), width="stretch")  # fmt: skip
    for name in ("kind", "width", "p", "activation"):
        _say(problems, f"{field}.{name}")
    return changed


def _detail(field: str, layer: Layer) -> Layer:
    """What this kind of layer lets one choose besides its kind."""
    if layer.kind == "Linear":
        width = st.number_input(
            _("Width"), value=layer.width, step=1, key=_key(f"{field}.width"),
            label_visibility="collapsed",
        )  # fmt: skip
        return msgspec.structs.replace(layer, width=width)
    if layer.kind == "Dropout":
        p = st.number_input(
            "p", value=float(layer.p), step=0.1, key=_key(f"{field}.p"),
            label_visibility="collapsed",
        )  # fmt: skip
        return msgspec.structs.replace(layer, p=p)
    if layer.kind == "Residual":
        names = list(ACTIVATIONS)
        at = names.index(layer.activation) if layer.activation in names else 0
        name = st.selectbox(
            _("Activation"), names, index=at, key=_key(f"{field}.activation"),
            label_visibility="collapsed",
        )  # fmt: skip
        return msgspec.structs.replace(layer, activation=name)
    st.caption(_("keeps the width"))
    return layer


def _add() -> None:
    _put([*session.spec().layers, _NEW_LAYER])


def _move(i: int, to: int) -> None:
    layers = list(session.spec().layers)
    layers.insert(to, layers.pop(i))
    _put(layers)


def _remove(i: int) -> None:
    layers = list(session.spec().layers)
    del layers[i]
    _put(layers)


def _put(layers: list[Layer]) -> None:
    session.replace_spec(msgspec.structs.replace(session.spec(), layers=tuple(layers)))


# ------------------------------------------------------------------------------------- switches


def _switches(spec: NetworkSpec, problems: dict[str, str]) -> dict[str, bool]:
    """What is either on or off."""
    labels = {
        "bias": _("Every Linear has a bias"),
        "input_requires_grad": _("x requires grad"),
        "backward": _("Call backward()"),
        "training": _("Training mode"),
    }
    chosen = {}
    columns = st.columns(2)
    for i, (field, label) in enumerate(labels.items()):
        with columns[i % 2]:
            chosen[field] = st.toggle(label, value=getattr(spec, field), key=_key(field))
    for field in labels:
        _say(problems, field)
    return chosen
