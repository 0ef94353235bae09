"""The verbs. Each loads, calls a workflow, and shows or prints what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
import typer.main

from tanaoroshi import archiving, comparing, demonstrating, gating, reevaluating, workflows
from tanaoroshi.cli import show
from tanaoroshi.cli.progress import progress_bar
from tanaoroshi.errors import InputError
from tanaoroshi.records.words import LANGUAGES, Lang, message
from tanaoroshi.report import check_folder, write_archive, write_comparison, write_history
from tanaoroshi.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from tanaoroshi.metrics import Convention

DEFAULT_STORE = "tanaoroshi-store"


def N_(msgid: str) -> str:
    """Mark a sentence for translation."""
    return msgid


def _language(ctx: typer.Context, given: str | None) -> str:
    """Take ``--lang`` if it was given, else the language that the command line was built in."""
    if given is None:
        return str(ctx.obj)
    if given not in LANGUAGES:
        raise InputError("--lang is {got}; it can be en or ja.", got=given)
    return given


Json = Annotated[
    bool, typer.Option("--json", help=N_("Print one JSON document on stdout, nothing else."))
]
Language = Annotated[
    Any,
    typer.Option(
        "--lang", metavar="en|ja", callback=_language, help=N_("Language: English or Japanese.")
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", min=0, help=N_("Seed of all randomness: same seed, same numbers."))
]
StoreAt = Annotated[
    str,
    typer.Option(
        "--store", metavar="PATH|URL", help=N_("Where stocktakes are recorded: folder or database.")
    ),
]
Model = Annotated[
    str, typer.Argument(help=N_("Folder with a model.toml, or a shipped model: emoji-v2."))
]
Collection = Annotated[
    str,
    typer.Argument(help=N_("Folder, .npz or Parquet of pictures; or by name: emoji, dsprites.")),
]
Limit = Annotated[
    int | None,
    typer.Option("--limit", min=1, help=N_("Use at most so many pictures, drawn with the seed.")),
]
PageOut = Annotated[
    Path | None, typer.Option("--out", help=N_("Also write the page into this folder."))
]
Single = Annotated[
    bool, typer.Option("--single-file", help=N_("Write the report as one file, to be mailed."))
]


def demo(
    out: Annotated[Path, typer.Option("--out", help=N_("Folder of the reports."))] = Path(
        "tanaoroshi-report"
    ),
    *,
    json: Json = False,
    lang: Language = None,
    seed: Seed = 0,
    store: StoreAt = DEFAULT_STORE,
) -> None:
    """Take stock of the shipped models."""
    with progress_bar(lang) as progress:
        result = demonstrating.demo(out, store=store, seed=seed, lang=lang, progress=progress)
    show.demo(result, lang, as_json=json)


def stocktake(
    model: Model,
    collection: Collection,
    out: Annotated[
        Path | None, typer.Option("--out", help=N_("Also write the report into this folder."))
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="ID",
            help=N_("Measure only what is new since this stocktake of the same model."),
        ),
    ] = None,
    *,
    archive: Annotated[
        bool,
        typer.Option("--archive", help=N_("Also write the archive's page; the two are linked.")),
    ] = False,
    limit: Limit = None,
    single_file: Single = False,
    json: Json = False,
    lang: Language = None,
    seed: Seed = 0,
    store: StoreAt = DEFAULT_STORE,
) -> None:
    """Audit one model on one collection."""
    if archive and out is None:
        raise InputError("--archive needs --out: it is a page beside the report.")
    if out is not None:
        check_folder(out)
    with progress_bar(lang) as progress:
        cost = None
        if since is None:
            audited = workflows.take_and_record(
                model, collection, store=store, seed=seed, limit=limit, progress=progress
            )
        else:
            audited, cost = reevaluating.reevaluate_named(
                model,
                collection,
                since=since,
                store=store,
                seed=seed,
                limit=limit,
                progress=progress,
            )
        beside, page = None, None
        if archive:
            found = archiving.archive_beside(
                model, collection, seed=seed, limit=limit, progress=progress
            )
            beside = found.audit, found.exhibits
        if out is not None:
            page = workflows.report(
                audited, out, lang=lang, single_file=single_file, archive=beside
            )
    show.stocktake(audited.stocktake, lang, page=page, cost=cost, as_json=json)


def encode(
    model: Model,
    collection: Collection,
    out: Annotated[Path, typer.Option("--out", help=N_("File of the codes: NAME.npz."))],
    *,
    limit: Limit = None,
    json: Json = False,
    lang: Language = None,
    seed: Seed = 0,
    store: StoreAt = DEFAULT_STORE,
) -> None:
    """Write codes and attributes to a file."""
    with progress_bar(lang) as progress:
        written = workflows.encode_to_file(
            model, collection, out, seed=seed, limit=limit, progress=progress
        )
    show.encoded(written, lang, as_json=json)


def metrics(
    codes: Annotated[str, typer.Argument(metavar="CODES.npz", help=N_("Codes and attributes."))],
    only: Annotated[
        str | None, typer.Option("--only", metavar="a,b", help=N_("Only these metrics."))
    ] = None,
    convention: Annotated[
        str,
        typer.Option(
            "--convention",
            metavar="paper|disentanglement_lib",
            help=N_("Whose definitions are followed where they differ."),
        ),
    ] = "paper",
    others: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="OTHER.npz",
            help=N_("Codes of the same images from another training, for udr; may be repeated."),
        ),
    ] = None,
    *,
    json: Json = False,
    lang: Language = None,
    seed: Seed = 0,
    store: StoreAt = DEFAULT_STORE,
) -> None:
    """Disentanglement metrics of codes, no model needed."""
    with progress_bar(lang) as progress:
        measured = workflows.measure_file(
            codes,
            others=others or (),
            only=None if only is None else tuple(only.split(",")),
            convention=cast("Convention", convention),
            seed=seed,
            progress=progress,
        )
    show.metrics(measured, lang, as_json=json)


def train(
    collection: Collection,
    out: Annotated[Path, typer.Option("--out", help=N_("Folder of the new model."))],
    method: Annotated[
        str | None, typer.Option("--method", help=N_("beta_vae or beta_tcvae."))
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option("--recipe", help=N_("Settings of the training: RECIPE.toml."))
    ] = None,
    *,
    json: Json = False,
    lang: Language = None,
    seed: Seed = 0,
    store: StoreAt = DEFAULT_STORE,
) -> None:
    """Train a model on a collection."""
    with progress_bar(lang) as progress:
        trained = workflows.train_model(
            collection, out, method=method, recipe=recipe, seed=seed, progress=progress
        )
    show.trained(trained, lang, as_json=json)


def stocktakes(
    *,
    json: Json = False,
    lang: Language = None,
    seed: Seed = 0,
    store: StoreAt = DEFAULT_STORE,
) -> None:
    """List what is recorded."""
    show.stocktakes(workflows.recorded(store), lang, as_json=json)


def show_one(
    id: Annotated[str, typer.Argument(metavar="ID", help=N_("Its id, or the first letters."))],
    *,
    json: Json = False,
    lang: Language = None,
    seed: Seed = 0,
    store: StoreAt = DEFAULT_STORE,
) -> None:
    """Show one recorded stocktake."""
    show.stocktake(workflows.load_recorded(store, id).stocktake, lang, page=None, as_json=json)


def report(
    id: Annotated[str, typer.Argument(metavar="ID", help=N_("Its id, or the first letters."))],
    out: Annotated[Path, typer.Option("--out", help=N_("Folder of the report."))],
    *,
    single_file: Single = False,
    json: Json = False,
    lang: Language = None,
    seed: Seed = 0,
    store: StoreAt = DEFAULT_STORE,
) -> None:
    """Write the report of a recorded stocktake."""
    audited = workflows.load_recorded(store, id)
    page = workflows.report(audited, out, lang=lang, single_file=single_file)
    show.report(page, lang, as_json=json)


def archive(
    collection: Collection,
    model: Annotated[
        str | None,
        typer.Option("--model", help=N_("Also say what this model makes of the collection.")),
    ] = None,
    held_out: Annotated[
        str | None,
        typer.Option(
            "--held-out", help=N_("Collection that the model was not trained on: shows copying.")
        ),
    ] = None,
    out: PageOut = None,
    *,
    limit: Limit = None,
    single_file: Single = False,
    json: Json = False,
    lang: Language = None,
    seed: Seed = 0,
    store: StoreAt = DEFAULT_STORE,
) -> None:
    """Say what a collection is made of."""
    if out is not None:
        check_folder(out)
    with progress_bar(lang) as progress:
        found = archiving.archive_named(
            collection,
            model=model,
            held_out=held_out,
            seed=seed,
            limit=limit,
            progress=progress,
        )
        page = None
        if out is not None:
            page = write_archive(
                found.audit, found.exhibits, out, lang=lang, single_file=single_file
            )
    show.archive(found, lang, page=page, as_json=json)


def compare(
    base: Annotated[
        str, typer.Argument(help=N_("Stocktake before: its id or JSON document; or a model."))
    ],
    candidate: Annotated[str, typer.Argument(help=N_("The same after."))],
    collection: Annotated[
        str | None, typer.Argument(help=N_("Collection, where BASE and CANDIDATE are models."))
    ] = None,
    directions: Annotated[
        Path | None,
        typer.Option(
            "--directions", help=N_("Saved directions of BASE to carry over: NAME.json or .npz.")
        ),
    ] = None,
    out: PageOut = None,
    *,
    limit: Limit = None,
    single_file: Single = False,
    json: Json = False,
    lang: Language = None,
    seed: Seed = 0,
    store: StoreAt = DEFAULT_STORE,
) -> None:
    """Say what became of every dimension and shelf."""
    if out is not None:
        check_folder(out)
    with progress_bar(lang) as progress:
        compared = comparing.compare_named(
            base,
            candidate,
            collection,
            store=store,
            seed=seed,
            limit=limit,
            directions=directions,
            progress=progress,
        )
        page = None
        if out is not None:
            page = write_comparison(
                compared.comparison, compared.exhibits, out, lang=lang, single_file=single_file
            )
    show.comparison(compared, lang, page=page, as_json=json)


def history(
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]...",
            help=N_("Stocktakes, oldest first; none: all that were accepted as the baseline."),
        ),
    ] = None,
    directions: Annotated[
        Path | None,
        typer.Option(
            "--directions",
            help=N_("Saved directions of the first version to follow: NAME.json or .npz."),
        ),
    ] = None,
    out: PageOut = None,
    *,
    single_file: Single = False,
    json: Json = False,
    lang: Language = None,
    seed: Seed = 0,
    store: StoreAt = DEFAULT_STORE,
) -> None:
    """Follow shelves and saved directions through several versions."""
    with progress_bar(lang) as progress:
        found = comparing.history_of(
            ids or (), store=store, seed=seed, directions=directions, progress=progress
        )
    page = None
    if out is not None:
        page = write_history(found, out, lang=lang, single_file=single_file)
    show.history(found, lang, page=page, as_json=json)


def accept(
    id: Annotated[str, typer.Argument(metavar="ID", help=N_("Its id, or the first letters."))],
    note: Annotated[
        str, typer.Option("--note", help=N_("Why, and who says so: kept with the baseline."))
    ] = "",
    *,
    json: Json = False,
    lang: Language = None,
    seed: Seed = 0,
    store: StoreAt = DEFAULT_STORE,
) -> None:
    """Accept a stocktake as the baseline."""
    accepted, audited = gating.accept(store, id, note)
    show.accepted(accepted, audited.stocktake, lang, as_json=json)


def gate(
    candidate: Annotated[
        str,
        typer.Argument(help=N_("Stocktake that may ship or not: its id, or its JSON document.")),
    ],
    policy: Annotated[Path, typer.Option("--policy", help=N_("The rules: POLICY.toml."))],
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            help=N_("Stocktake to compare with: id or JSON; else the one accepted last."),
        ),
    ] = None,
    junit: Annotated[
        Path | None, typer.Option("--junit", help=N_("Also write the verdict as JUnit XML."))
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option("--markdown", help=N_("Also write it as Markdown, for a pull request.")),
    ] = None,
    *,
    json: Json = False,
    lang: Language = None,
    seed: Seed = 0,
    store: StoreAt = DEFAULT_STORE,
) -> None:
    """Judge a stocktake by a policy; exit with 1 unless it passes."""
    with progress_bar(lang) as progress:
        verdict = gating.gate(
            candidate,
            policy,
            store=store,
            base=base,
            junit=junit,
            markdown=markdown,
            lang=lang,
            seed=seed,
            progress=progress,
        )
    show.verdict(verdict, lang, as_json=json)
    if verdict.verdict in ("fail", "undecided"):
        raise typer.Exit(1)


VERBS: dict[str, tuple[Callable[..., None], str]] = {
    "demo": (demo, N_("Take stock of the models that ship with this package.")),
    "stocktake": (stocktake, N_("Audit one model on one collection; record it; write the report.")),
    "encode": (encode, N_("Write the codes of a collection, with its attributes, to a file.")),
    "metrics": (metrics, N_("Disentanglement metrics of codes; no model needed.")),
    "train": (train, N_("Train a model on a collection (needs the extra 'train').")),
    "stocktakes": (stocktakes, N_("List the recorded stocktakes.")),
    "show": (show_one, N_("Show a recorded stocktake.")),
    "report": (report, N_("Write the report of a recorded stocktake again.")),
    "archive": (archive, N_("What a collection is made of, and what a model makes of it.")),
    "compare": (compare, N_("After an update: which dimension and which shelf went where.")),
    "history": (history, N_("Follow shelves and saved directions through several versions.")),
    "accept": (accept, N_("Accept a recorded stocktake as the baseline.")),
    "gate": (gate, N_("Judge a stocktake by a policy, for CI: exit code 1 unless it passes.")),
}


def build(lang: Lang) -> Callable[..., Any]:
    """Return the command line with its help in one language."""
    app = typer.Typer(
        name="tanaoroshi",
        help=translate(
            message("Takes stock of the latent space of an image-generation model."), lang
        ),
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"obj": lang, "help_option_names": ["-h", "--help"]},
    )
    for name, (verb, summary) in VERBS.items():
        app.command(name, help=translate(message(summary), lang))(verb)
    command = typer.main.get_command(app)
    for verb_command in getattr(command, "commands", {}).values():
        for parameter in verb_command.params:
            if parameter.help:
                parameter.help = translate(message(parameter.help), lang)
    return command
