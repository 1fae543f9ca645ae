"""Runs as one HTML file that needs nothing else: question, figures, verdicts, plots, settings that differ.

Everything that comes from files is escaped, and the page forbids itself scripts and any network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape

from regtui import __version__
from regtui.claims import Verdict, figure, interval, read
from regtui.criterion import criterion
from regtui.diagnosis import diagnose_runs
from regtui.export.gathered import Group, Origin, batch_losses, evaluated, gaps, grouped, origin_of, verdicts
from regtui.export.plots import HUES, Curve, Point, plot
from regtui.export.settings import differing
from regtui.export.stored import StoredRun
from regtui.scenario import Scenario
from regtui.scenario.errors import printable
from regtui.scenario.schema import unit
from regtui.trouble import summary

_PLOTS: tuple[tuple[str, str, Callable[[StoredRun], list[Point]]], ...] = (
    ("Test accuracy", "percent", lambda run: evaluated(run, "test", "accuracy")),
    ("Clean train accuracy", "percent", lambda run: evaluated(run, "train", "accuracy")),
    ("Gap", "percentage points", gaps),
    ("Test loss", "nats", lambda run: evaluated(run, "test", "loss")),
    ("Validation accuracy", "percent", lambda run: evaluated(run, "validation", "accuracy")),
    ("Loss of the training batches", "nats", batch_losses),
)

_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1c2030; --dim: #5d6474; --rule: #d9dce5; LIGHT }
@media screen and (prefers-color-scheme: dark) {
  :root { --ground: #14161f; --ink: #e4e7f2; --dim: #9aa1bb; --rule: #343a4d; DARK } }
body { background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto;
  max-width: 64rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2rem; }
small, .dim, caption { color: var(--dim); } caption { text-align: left; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .9rem .2rem 0; text-align: left; border-bottom: 1px solid var(--rule); vertical-align: top; }
td.n, th.n { text-align: right; }
td + td { white-space: nowrap; } td:last-child { white-space: normal; } .wide { overflow-x: auto; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1rem; }
figure { margin: 0; break-inside: avoid; } figcaption { font-weight: 600; }
svg { width: 100%; height: auto; } svg text { fill: var(--dim); font: 11px system-ui, sans-serif; }
.grid { stroke: var(--rule); } .axis { stroke: var(--dim); }
.curve { fill: none; stroke: var(--hue); stroke-width: 1.8; } .dot { fill: var(--hue); }
.band { fill: var(--hue); opacity: .15; } svg .name { fill: var(--hue); }
@media print { body { margin: 0; max-width: none; font-size: 11px; } tr, li { break-inside: avoid; }
  .plots { grid-template-columns: 1fr 1fr; } }
"""


def html_text(runs: Sequence[StoredRun]) -> str:
    """The page of one or more runs."""
    origin = origin_of(runs)
    scenario = origin.scenario
    arms = [arm.name for arm in scenario.arms] if scenario else []
    groups = grouped(sorted(runs, key=lambda run: arms.index(run.spec.arm) if run.spec.arm in arms else len(arms)))
    title = scenario.title if scenario else ", ".join(dict.fromkeys(run.spec.scenario for run in runs))
    parts = [
        f"<h1>{_safe(title)}</h1>",
        f"<p>{_safe(scenario.question)}</p>" if scenario else "",
        _figures(groups, scenario),
        _verdicts(groups, origin),
        _matters(groups),
        f'<h2>Curves</h2><p class="dim">Mean over seeds; the band reaches from the lowest to the highest.</p>'
        f'<div class="plots">{"".join(_plots(groups))}</div>',
        _settings(groups),
        _table("Runs", ("run", "arm", "seed", "state"), (
            (run.run, group.name, str(run.spec.seed), _state(run)) for group in groups for run in group.runs
        )),
        f'<p class="dim">regtui {__version__}. Clean train accuracy: the training samples as they are, in eval mode, '
        f"without augmentation; the gap is that minus {_part(groups)} accuracy.</p>",
    ]  # fmt: skip
    light, dark = (" ".join(f"--hue{i}: {hue[side]};" for i, hue in enumerate(HUES)) for side in (0, 1))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_safe(title)}</title><style>{_STYLE.replace('LIGHT', light).replace('DARK', dark)}</style></head>\n"
        f"<body>\n{chr(10).join(part for part in parts if part)}\n</body></html>\n"
    )


def _figures(groups: Sequence[Group], scenario: Scenario | None) -> str:
    """The last evaluations of the arms, mean and half width of the 95 % interval."""
    rows = []
    lessons = {arm.name: arm.lesson for arm in scenario.arms if arm.lesson} if scenario else {}
    for group in groups:
        lesson = lessons.get(group.runs[0].spec.arm)
        said = f"{lesson.train:g}/{lesson.test:g}" if lesson else ""
        cells = [_mean(group, metric) for metric in ("train_accuracy", "test_accuracy", "gap")]
        rows.append((group.name, str(len(group.results())), *cells, *([said] if lessons else [])))
    heads = ("arm", "seeds", "clean train %", f"{_part(groups)} %", "gap", *(["the lesson says"] if lessons else []))
    note = "After the last step of runs that finished unsteered; mean and half width of the 95 % interval over seeds."
    return _table("Figures", heads, rows, note, right=range(1, len(heads)))


def _part(groups: Sequence[Group]) -> str:
    """What the held-out figures are of."""
    return "validation" if any(group.is_sealed for group in groups) else "test"


def _mean(group: Group, metric: str) -> str:
    values = [read(metric, result) for result in group.results().values()]
    found = [value for value in values if value is not None]
    if not found:
        return "-"
    summary = interval(found)
    half = f" ± {figure(summary.mean - summary.low, metric)}" if summary.count > 1 else ""
    return f"{figure(summary.mean, metric)}{half}"


def _verdicts(groups: Sequence[Group], origin: Origin) -> str:
    scenario = origin.scenario
    if scenario is None:
        return f"<h2>Verdicts</h2><p>None: {_safe(origin.missing)}.</p>"
    if not scenario.claims:
        return f"<h2>Verdicts</h2><p>None: {_safe(scenario.id)} makes no claim about these runs.</p>"
    arms = [group.runs[0].spec.arm for group in groups]
    if twice := next((arm for arm in arms if arms.count(arm) > 1), None):
        return f"<h2>Verdicts</h2><p>None: {_safe(twice)} was run with different settings, so there is no pairing.</p>"
    part = _part(groups)
    rows = [
        (
            verdict.claim.text,
            verdict.outcome,
            _effect(verdict),
            ". ".join(filter(None, (criterion(verdict.claim.check, part=part), verdict.sentence, verdict.remark))),
        )
        for verdict in verdicts(scenario, groups)
    ]
    note = (
        "Paired by seed; the effect is positive on the claim's side. Confirmed: its 95 % interval lies wholly beyond "
        "what is asked; refuted: wholly short of it; else not shown."
    )
    if len(arms) == 1 and len(scenario.arms) > 1:
        note += f" This report has one arm, {arms[0]}: claims need the runs of the arms that they compare."
    return _table("Verdicts", ("claim", "verdict", "effect", "what was asked"), rows, note, right=[2])


def _matters(groups: Sequence[Group]) -> str:
    """What is the matter with each arm, what to try next, and what lasts inside its networks; "" where none ended."""
    rows = []
    for group in groups:
        found = diagnose_runs(group.runs[0].spec, (run.history for run in group.shown))
        said = [f"{found.why}. {found.cure.sentence}"] if found is not None else []
        inside = [(run.spec.seed, summary(run.history.lasting)) for run in group.shown if run.history.lasting]
        said += [f"Inside, seed {seed}: {troubles}." for seed, troubles in inside]
        if said:
            rows.append((group.name, found.verdict if found is not None else "-", " ".join(said)))
    note = "From the figures that it names; dead units, exploding and vanishing gradients as the probes met them."
    return _table("What is the matter", ("arm", "", "why, and what to try next"), rows, note) if rows else ""


def _effect(verdict: Verdict) -> str:
    effect, metric = verdict.effect, verdict.claim.check.metric
    if effect is None:
        return "-"
    bounds = ", ".join(figure(bound, metric) for bound in (effect.low, effect.high))
    between = f" [{bounds}]" if effect.count > 1 else ""
    return f"{figure(effect.mean, metric, signed=True)} {unit(metric)}".rstrip() + between


def _plots(groups: Sequence[Group]) -> Iterable[str]:
    for title, what, points in _PLOTS:
        curves = [Curve(printable(group.name), group.look, [points(run) for run in group.shown]) for group in groups]
        yield plot(title, what, curves)


def _settings(groups: Sequence[Group]) -> str:
    """All settings of one arm; of several only what differs."""
    keys = differing(group.settings for group in groups) if len(groups) > 1 else list(groups[0].settings)
    rows = [(key, *(str(group.settings.get(key, "-")) for group in groups)) for key in keys]
    title = "Settings that differ" if len(groups) > 1 else "Settings"
    return _table(title, ("setting", *(group.name for group in groups)), rows) if rows else ""


def _state(run: StoredRun) -> str:
    steered = ", steered" if run.history.is_steered else ""
    return (run.history.trouble or run.history.state) + steered


def _table(
    title: str, heads: Sequence[str], rows: Iterable[Sequence[str]], note: str = "", *, right: Sequence[int] = ()
) -> str:
    """A table with its title; the columns of these indices are aligned to the right."""
    kinds = [' class="n"' if i in right else "" for i in range(len(heads))]
    head = "".join(f"<th{k}>{_safe(h)}</th>" for k, h in zip(kinds, heads, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{k}>{_safe(cell)}</td>" for k, cell in zip(kinds, row, strict=True)) + "</tr>"
        for row in rows
    )
    caption = f"<caption>{_safe(note)}</caption>" if note else ""
    return f'<h2>{_safe(title)}</h2><div class="wide"><table>{caption}<tr>{head}</tr>{body}</table></div>'


def _safe(text: str) -> str:
    return escape(printable(text))
