"""Is the index whole, does it match its manifest and the folder, can it be read, and what is to be done where not."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.documents import REBUILD
from assistant.errors import FootnoteError, IndexBroken, IndexUnavailable
from assistant.generation import Home, Manifest, read_manifest
from ingest.bans import load_bans
from ingest.check import check, look_over
from ingest.lock import writer
from ingest.pipeline import Ingest
from ingest.prepare import pipeline_version
from ingest.survey import Published, survey

State = Literal["ok", "warning", "broken"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `advice` says what to do where it is not as it should be."""

    what: str
    state: State
    message: str
    advice: str = ""


def examine(ingest: Ingest) -> Iterator[Finding]:
    """Looks at one thing after the other, and at nothing that a thing found broken makes pointless. Changes nothing."""
    home = ingest.home
    if not home.folder.is_dir():
        yield Finding("home", "broken", f"{home.folder} does not exist.", "Run `ingest PATH`, or set FOOTNOTE_HOME.")
        return
    yield _disk(home)
    yield _writer(home)
    yield from (_database(path) for path in (home.embeddings, home.traces) if path.exists())
    published = _published(ingest)
    if isinstance(published, Finding):
        yield published
        return
    yield _model(published.manifest, ingest.embedder.model_id)
    yield _whole(ingest, published.manifest)
    yield _earlier(ingest)
    yield _files(published)
    yield _folder(ingest, published)


def _disk(home: Home) -> Finding:
    """An ingest writes a generation beside those there are."""
    free, needed = shutil.disk_usage(home.folder).free, max(_size(home), 10_000_000)
    message = f"{free / 1e6:,.0f} MB free below {home.folder}, which holds {_size(home) / 1e6:,.0f} MB."
    return Finding("disk", "ok" if free > needed else "warning", message, "" if free > needed else "Make room before the next ingest.")


def _size(home: Home) -> int:
    return sum(path.stat().st_size for path in home.folder.rglob("*") if path.is_file())


def _writer(home: Home) -> Finding:
    who = writer(home.folder)
    unfinished = len(list(home.generations.glob("*"))) - len(home.complete())
    if who is not None:
        return Finding("writer", "ok", f"An ingest is at work: {who}.")
    if unfinished:
        return Finding("writer", "warning", f"An ingest was cut off ({unfinished} unfinished).", "The next ingest clears it away.")
    return Finding("writer", "ok", "No ingest is at work.")


def _database(path: Path) -> Finding:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            said = str(db.execute("PRAGMA quick_check").fetchone()[0])
    except sqlite3.Error as error:
        said = str(error)
    whole = said == "ok"
    advice = "" if whole else "Move it away: it is made anew. What it held is lost, the index is not."
    return Finding(path.name, "ok" if whole else "broken", "Can be read." if whole else f"{path}: {said}.", advice)


def _published(ingest: Ingest) -> Published | Finding:
    try:
        load_bans(ingest.home.bans)
        published = ingest.published()
    except FootnoteError as error:
        return Finding("published", "broken", str(error).removesuffix(REBUILD).strip(), REBUILD if REBUILD in str(error) else "")
    if published is None:
        return Finding("published", "broken", "Nothing was ingested yet.", "Run `ingest PATH` on the folder that holds the documents.")
    return published


def _model(manifest: Manifest, configured: str) -> Finding:
    if manifest.embeddings != configured:
        message = f"The index was made with {manifest.embeddings}, questions are embedded with {configured}."
        return Finding("model", "broken", message, "Set FOOTNOTE_EMBEDDINGS as it was, or run `ingest` to embed the documents anew.")
    if manifest.pipeline != pipeline_version():
        message = "Footnote reads files in another way than when the index was made."
        return Finding("model", "warning", message, "Run `ingest`: every file is read again, and only what comes out differently changes.")
    return Finding("model", "ok", f"Made with {manifest.embeddings} by this version's readers.")


def _whole(ingest: Ingest, manifest: Manifest) -> Finding:
    """Every chunk is read, its text, vector and words held against its document."""
    try:
        check(ingest.home, ingest.store, manifest)
    except IndexBroken as error:
        advice = f"Run `ingest {manifest.root} --rebuild`: nothing of this index is taken over; known vectors are."
        return Finding("index", "broken", str(error).removesuffix(REBUILD).strip(), advice)
    except IndexUnavailable as error:
        return Finding("index", "broken", str(error))
    held = f"{manifest.documents:,} documents, {manifest.chunks:,} chunks"
    return Finding("index", "ok", f"Generation {manifest.id} is whole: {held}, each chunk as its document has it.")


def _earlier(ingest: Ingest) -> Finding:
    for generation in ingest.earlier():
        try:
            look_over(ingest.home, ingest.store, generation)
        except IndexUnavailable:
            continue
        made = read_manifest(ingest.home.generation(generation)).created
        return Finding("earlier", "ok", f"`ingest --rollback` would go back to {generation} of {made}.")
    return Finding("earlier", "ok", "There is no earlier generation to go back to.")


def _files(published: Published) -> Finding:
    failed = [record for record in published.files.values() if record.status == "failed"]
    empty = sum(record.status == "empty" for record in published.files.values())
    message = f"{len(published.files):,} files: {len(published.documents()):,} documents, {empty} without text, {len(failed)} failed."
    if not failed:
        return Finding("files", "ok", message)
    return Finding("files", "warning", f"{message} {failed[0].source}: {failed[0].error}", "`ingest` lists them all.")


def _folder(ingest: Ingest, published: Published) -> Finding:
    """Compares by content, and parses nothing."""
    root = Path(published.manifest.root)
    try:
        found = survey(root, published, load_bans(ingest.home.bans), ingest.progress)
    except FootnoteError as error:
        return Finding("folder", "warning", str(error), "Mount it, or ingest another folder with --new-root.")
    gone = published.documents() - {seen.file.source for seen in found.files}
    if found.unread or gone:
        message = f"{root} has changed since the last ingest. Files new or other: {len(found.unread)}; documents gone: {len(gone)}."
        return Finding("folder", "warning", message, f"Run `ingest {root}`.")
    return Finding("folder", "ok", f"The index holds what is in {root}.")
