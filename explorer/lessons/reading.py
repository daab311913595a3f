"""Read a lesson from its file, and say what is wrong with it and in which line.

A lesson is a Markdown file; `docs/lessons.md` tells how to write one.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath
from typing import Final, NamedTuple, NoReturn

from explorer.data import Program
from explorer.errors import ExplorerError
from explorer.lessons.expressions import Expression, ExpressionError
from explorer.lessons.story import (
    PAGES,
    Choice,
    Choose,
    Click,
    Guess,
    Lesson,
    Mistake,
    Question,
    Step,
    Task,
    Text,
    View,
)

HEAD: Final = ("title", "group", "order", "about", "link")
"""What the head of a lesson's file may say."""

BLOCKS: Final = ("program", "choose", "number", "click", "do", "view")
"""Fenced blocks that mean something to a lesson."""

CODE: Final = ("python", "text")
"""Fenced blocks that are shown as they are."""


class LessonError(ExplorerError):
    """A lesson's file says something that no lesson can: file, line, and what is allowed."""


class Piece(NamedTuple):
    """A part of the file: `kind` is `#`, `##`, `###`, `>`, `text`, or a fenced block's word."""

    kind: str
    text: str
    line: int
    options: str = ""


def read(text: str, file: str) -> Lesson:
    """The lesson in `text`; `file` is named in errors, and names the lesson.

    Raises:
        LessonError: the file is no lesson; the message names file and line.
    """
    return _Reader(text, file).lesson()


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.lines = text.splitlines()

    def fail(self, line: int, message: str) -> NoReturn:
        raise LessonError(f"{self.file}, line {line}: {message}")

    # ---------------------------------------------------------------------------------- lesson

    def lesson(self) -> Lesson:
        head, start = self._head()
        order = head["order"].source
        if not order.isdecimal():
            self.fail(head["order"].line, f"`order: {order}` must be a whole number.")
        pieces = list(self._pieces(start))
        first = next((i for i, piece in enumerate(pieces) if piece.kind == "##"), len(pieces))
        before = pieces[:first]
        for piece in before:
            if piece.kind not in ("text", "program"):
                self.fail(
                    piece.line,
                    f"{_name(piece)} cannot stand before the first step: allowed are text and one "
                    "```program block.",
                )
        programs = [piece for piece in before if piece.kind == "program"]
        if len(programs) > 1:
            self.fail(programs[1].line, "a second program before the first step: only one can be.")
        program = self._program(programs[0]) if programs else None
        steps = []
        while first < len(pieces):
            end = next(
                (i for i in range(first + 1, len(pieces)) if pieces[i].kind == "##"), len(pieces)
            )
            step = self._step(pieces[first:end], program)
            program = step.program
            steps.append(step)
            first = end
        if not steps:
            self.fail(len(self.lines) or 1, "the lesson has no steps: each begins with “## …”.")
        return Lesson(
            slug=PurePath(self.file).stem,
            title=head["title"],
            group=head["group"],
            order=int(order),
            about=head["about"],
            intro=tuple(self._text(piece) for piece in before if piece.kind == "text"),
            steps=tuple(steps),
            link=head["link"].source if "link" in head else "",
        )

    def _head(self) -> tuple[dict[str, Text], int]:
        """The lines between `---` and `---`, and where what follows begins."""
        allowed = ", ".join(HEAD)
        if not self.lines or self.lines[0].strip() != "---":
            self.fail(1, f"the file begins with a head: `---`, lines such as `title: …`, `---`. "
                         f"The head holds {allowed}.")  # fmt: skip
        found: dict[str, Text] = {}
        number = 1
        for number, line in enumerate(self.lines[1:], 2):
            if line.strip() == "---":
                break
            name, colon, value = (part.strip() for part in line.partition(":"))
            if not colon or name not in HEAD or not value:
                self.fail(number, f"`{line}` is not a line of the head, which holds {allowed}.")
            if name in found:
                self.fail(number, f"`{name}` stands in the head twice.")
            found[name] = Text(value, number)
        else:
            self.fail(number, "the head is not closed by a line `---`.")
        for name in HEAD[:-1]:
            if name not in found:
                self.fail(number, f"the head has no `{name}:`; it holds {allowed}.")
        return found, number

    # ---------------------------------------------------------------------------------- pieces

    def _pieces(self, start: int) -> Iterator[Piece]:
        """Headings, quotes, fenced blocks and paragraphs, each with its first line."""
        gathered: list[str] = []
        begun = start
        number = start
        while number < len(self.lines):
            line = self.lines[number]
            number += 1
            heading = re.match(r"(#{1,6})\s+(.*\S)", line)
            is_start = line.startswith(("```", ">")) or heading or not line.strip()
            if is_start and gathered:
                yield Piece("text", "\n".join(gathered), begun)
                gathered = []
            if heading:
                if heading[1] not in ("##", "###"):
                    self.fail(number, f"`{line}`: a step begins with ##, its answer with ###.")
                yield Piece(heading[1], heading[2], number)
            elif line.startswith("```"):
                end = next(
                    (i for i in range(number, len(self.lines)) if self.lines[i].strip() == "```"),
                    None,
                )
                if end is None:
                    self.fail(number, f"the block `{line}` is not closed by a line ```.")
                word, _, options = line[3:].strip().partition(" ")
                yield self._block(word, options, "\n".join(self.lines[number:end]), number)
                number = end + 1
            elif line.startswith(">"):
                end = number
                while end < len(self.lines) and self.lines[end].startswith(">"):
                    end += 1
                quoted = [one[1:].strip() for one in self.lines[number - 1 : end]]
                yield Piece(">", " ".join(quoted), number)
                number = end
            elif line.strip():
                if not gathered:
                    begun = number
                gathered.append(line)
        if gathered:
            yield Piece("text", "\n".join(gathered), begun)

    def _block(self, word: str, options: str, text: str, line: int) -> Piece:
        if word in CODE:
            return Piece("text", f"```{word}\n{text}\n```", line)
        if word not in BLOCKS:
            self.fail(
                line,
                f"a block ```{word} means nothing here: allowed are {', '.join(BLOCKS)}; "
                f"code to be read stands in ```{' or ```'.join(CODE)}.",
            )
        return Piece(word, text, line, options.strip())

    # ------------------------------------------------------------------------------------ step

    def _step(self, pieces: Sequence[Piece], program: Program | None) -> Step:
        title, *rest = pieces
        cut = next((i for i, piece in enumerate(rest) if piece.kind == "###"), None)
        if cut is None:
            self.fail(
                title.line, f"the step “{title.text}” has no answer: a heading ### begins it."
            )
        asked, answer_title, answer = rest[:cut], rest[cut], rest[cut + 1 :]
        for piece in asked:
            if piece.kind == ">":
                self.fail(piece.line, "the sentence to keep (>) stands at the end of the answer.")
        for piece in answer:
            if piece.kind not in ("text", ">"):
                self.fail(piece.line, f"{_name(piece)} cannot stand in an answer: text and one "
                                      "sentence to keep (>) can.")  # fmt: skip
        keeps = [piece for piece in answer if piece.kind == ">"]
        if len(keeps) != 1:
            line = keeps[1].line if keeps else answer_title.line
            self.fail(line, f"an answer ends with one sentence to keep (>); here are {len(keeps)}.")
        own = self._only(asked, "program")
        if own is not None:
            program = self._program(own)
        if program is None:
            self.fail(title.line, "there is no program yet: put a ```program block before.")
        task = self._only(asked, "do")
        view = self._only(asked, "view")
        questions = [piece for piece in asked if piece.kind in ("choose", "number", "click")]
        if len(questions) > 1:
            self.fail(questions[1].line, "a second question in one step: each step asks one.")
        if not questions and task is None:
            self.fail(
                title.line,
                f"the step “{title.text}” asks nothing: it needs one of ```choose, ```number, "
                "```click, ```do.",
            )
        return Step(
            title=self._text(title),
            line=title.line,
            program=program,
            text=tuple(self._text(piece) for piece in asked if piece.kind == "text"),
            answer_title=self._text(answer_title),
            answer=tuple(self._text(piece) for piece in answer if piece.kind == "text"),
            keep=self._text(keeps[0]),
            question=self._question(questions[0]) if questions else None,
            task=self._task(task, program) if task is not None else None,
            view=self._view(view) if view is not None else View(),
        )

    def _only(self, pieces: Sequence[Piece], kind: str) -> Piece | None:
        found = [piece for piece in pieces if piece.kind == kind]
        if len(found) > 1:
            self.fail(found[1].line, f"a second ```{kind} block in one step: only one can be.")
        return found[0] if found else None

    def _text(self, piece: Piece) -> Text:
        is_prose = not re.match(r"```|[-*|] ?|\d+\. ", piece.text)
        joined = " ".join(piece.text.split("\n")) if is_prose else piece.text
        text = Text(joined, piece.line)
        self._checked(text.expressions, piece.line)
        return text

    def _checked(self, expressions: Sequence[Expression], line: int) -> None:
        for expression in expressions:
            try:
                expression.check()
                expression.asks  # noqa: B018 - reading it checks it
            except ExpressionError as error:
                self.fail(line, str(error))

    def _program(self, piece: Piece) -> Program:
        seed = re.fullmatch(r"(?:seed=(\d+))?", piece.options)
        if seed is None:
            self.fail(piece.line, f"`{piece.options}` after ```program: allowed is `seed=7`.")
        return Program(piece.text.strip("\n") + "\n", int(seed[1] or 0))

    # ------------------------------------------------------------------------------- questions

    def _question(self, piece: Piece) -> Question:
        reader: dict[str, Callable[[Piece], Question]] = {
            "choose": self._choose, "number": self._number, "click": self._click,
        }  # fmt: skip
        if piece.options not in ("", "now"):
            self.fail(piece.line, f"`{piece.options}` after ```{piece.kind}: allowed is `now`.")
        return reader[piece.kind](piece)

    def _choose(self, piece: Piece) -> Choose:
        choices: list[Choice] = []
        for entry in self._entries(piece, ("-", "when", "because")):
            if entry.kind == "-":
                if choices and not choices[-1].when.source:
                    self.fail(choices[-1].text.line, "this answer has no `when:` line.")
                choices.append(Choice(self._text(entry), Expression("")))
                continue
            if not choices:
                self.fail(entry.line, f"`{entry.kind}:` stands before the first answer (- …).")
            last = choices[-1]
            if entry.kind == "when":
                choices[-1] = Choice(last.text, self._expression(entry), last.because)
            else:
                choices[-1] = Choice(last.text, last.when, self._text(entry))
        if len(choices) < 2 or not choices[-1].when.source:
            self.fail(
                piece.line,
                "```choose needs two answers or more: a line `- text`, then `when: condition` and, "
                "if you like, `because: text`.",
            )
        return Choose(piece.line, tuple(choices), piece.options == "now")

    def _number(self, piece: Piece) -> Guess:
        answer, label, tolerance = None, None, 0.005
        mistakes: list[Mistake] = []
        for entry in self._entries(piece, ("answer", "label", "tolerance", "mistake", "because")):
            if entry.kind == "answer":
                answer = self._expression(entry)
            elif entry.kind == "label":
                label = self._text(entry)
            elif entry.kind == "tolerance":
                try:
                    tolerance = float(entry.text)
                except ValueError:
                    self.fail(entry.line, f"`tolerance: {entry.text}` must be a number.")
            elif entry.kind == "mistake":
                mistakes.append(Mistake(self._expression(entry), Text("", entry.line)))
            elif mistakes:
                mistakes[-1] = Mistake(mistakes[-1].number, self._text(entry))
            else:
                self.fail(entry.line, "`because:` belongs under a `mistake:` line.")
        if answer is None:
            self.fail(piece.line, "```number needs a line `answer: expression`.")
        for mistake in mistakes:
            if not mistake.because.source:
                self.fail(mistake.because.line, "this mistake has no `because:` line.")
        return Guess(piece.line, answer, label, tolerance, tuple(mistakes), piece.options == "now")

    def _click(self, piece: Piece) -> Click:
        when, because = None, None
        for entry in self._entries(piece, ("when", "because")):
            if entry.kind == "when":
                when = self._expression(entry)
            else:
                because = self._text(entry)
        if when is None or not when.is_about_player:
            self.fail(piece.line, '```click needs a line such as `when: opened == node("y * y")`.')
        return Click(piece.line, when, because, piece.options == "now")

    def _task(self, piece: Piece, program: Program) -> Task:
        text: list[Text] = []
        until: list[Expression] = []
        change: list[tuple[str, str]] = []
        cure = False
        for entry in self._entries(piece, ("", "until", "change", "add", "cure")):
            if entry.kind == "":
                text.append(self._text(entry))
            elif entry.kind == "until":
                until.append(self._expression(entry))
            elif entry.kind == "cure":
                cure = True
            elif entry.kind == "add":
                change.append(("", entry.text))
            else:
                old, arrow, new = (part.strip() for part in entry.text.partition("->"))
                if not arrow:
                    self.fail(entry.line, "`change:` has the form `old text -> new text`.")
                if old not in program.source:
                    self.fail(entry.line, f"the program has no `{old}` that could be changed.")
                change.append((old, new))
        if not until:
            self.fail(
                piece.line, "```do needs a line `until: condition` that says when it is done."
            )
        task = Task(piece.line, tuple(text), tuple(until), tuple(change), cure)
        if not (task.is_in_player or change or cure):
            self.fail(
                piece.line,
                "```do must say how it can be done: `change: old -> new`, `add: line`, "
                "`cure: yes`, or an `until:` about the player (opened, step, call, at_end).",
            )
        return task

    def _view(self, piece: Piece) -> View:
        """`page`, `call` (from 1) and `step`, and what more that page may be told."""
        found: dict[str, str] = {}
        lines: dict[str, int] = {}
        for number, line in enumerate(piece.text.splitlines(), piece.line + 1):
            name, colon, value = (part.strip() for part in line.partition(":"))
            if not colon or not value:
                self.fail(number, f"`{line}` in ```view: lines have the form `page: player`.")
            found[name], lines[name] = value, number
            if name in ("call", "step") and not value.isdecimal():
                self.fail(number, f"`{line}`: {name} must be a whole number.")
        page = found.pop("page", "player")
        if page not in PAGES:
            self.fail(lines["page"], f"there is no page `{page}`: allowed are {', '.join(PAGES)}.")
        allowed = ("page", "call", "step", *PAGES[page])
        for name, number in lines.items():
            if name not in allowed:
                self.fail(number, f"`{name}:` means nothing for the page `{page}`: allowed are "
                                  f"{', '.join(f'{one}:' for one in allowed)}.")  # fmt: skip
        call, step = found.get("call"), found.get("step")
        return View(
            page,
            call=int(call) - 1 if call else None,
            step=int(step) if step else None,
            of=found.get("of"),
            by=tuple(name.strip() for name in found.get("by", "").split(",") if name.strip()),
        )

    # --------------------------------------------------------------------------------- entries

    def _entries(self, piece: Piece, allowed: Sequence[str]) -> Iterator[Piece]:
        """Lines `name: value` of a block, each with the lines that continue it.

        "-" in `allowed` takes lines `- text`; "" takes lines without a name.
        """
        entries: list[Piece] = []
        names = [name for name in allowed if name.isalpha()]
        for number, line in enumerate(piece.text.splitlines(), piece.line + 1):
            if not line.strip():
                continue
            named = re.match(r"\s*([a-z]+):\s+(.*\S)\s*$", line)
            if "-" in allowed and line.startswith("- "):
                entries.append(Piece("-", line[2:].strip(), number))
            elif named and named[1] in names:
                entries.append(Piece(named[1], named[2], number))
            elif named and "" not in allowed:
                self.fail(number, f"`{named[1]}:` means nothing in ```{piece.kind}: allowed are "
                                  f"{', '.join(f'{name}:' for name in names)}.")  # fmt: skip
            elif entries and (line.startswith(" ") or entries[-1].kind == ""):
                last = entries[-1]
                entries[-1] = last._replace(text=f"{last.text} {line.strip()}")
            elif "" in allowed:
                entries.append(Piece("", line.strip(), number))
            else:
                self.fail(number, f"`{line.strip()}` means nothing in ```{piece.kind}: allowed are "
                                  f"{', '.join(f'{name}:' for name in names)}.")  # fmt: skip
        yield from entries

    def _expression(self, entry: Piece) -> Expression:
        expression = Expression(entry.text)
        self._checked([expression], entry.line)
        return expression


def _name(piece: Piece) -> str:
    return {"#": "a heading", "##": "a heading ##", "###": "a heading ###", ">": "a quote (>)"}.get(
        piece.kind, f"a block ```{piece.kind}"
    )
