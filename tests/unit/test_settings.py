from __future__ import annotations

from pathlib import Path

import pytest

from assistant.errors import SettingsError
from assistant.settings import Settings, load_settings, variable_of


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FOOTNOTE_HOME")


def test_everything_has_a_default() -> None:
    settings = load_settings()

    assert settings.home == Path(".footnote")
    assert settings.model is None


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("FOOTNOTE_HOME=from-file\nFOOTNOTE_MODEL=openai:small\n", encoding="utf-8")
    monkeypatch.setenv("FOOTNOTE_HOME", "from-environment")

    settings = load_settings()

    assert (settings.home, settings.model) == (Path("from-environment"), "openai:small")


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_MODEL", "")

    assert load_settings().model is None


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FOOTNOTE_MODEL_TIMEOUT", "soon"),
        ("FOOTNOTE_MODEL_ATTEMPTS", "0"),
        ("FOOTNOTE_CHROMA_URL", "chroma:8000"),
        ("OPENAI_BASE_URL", "localhost"),
        ("FOOTNOTE_ANONYMOUS", "yes"),
    ],
)
def test_a_wrong_value_is_told_by_its_variable(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsError, match=f"^{variable}: "):
        load_settings()


def test_a_misspelt_variable_is_not_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_MODLE", "openai:small")

    with pytest.raises(SettingsError, match=r"FOOTNOTE_MODLE: there is no such setting\. Did you mean FOOTNOTE_MODEL\?"):
        load_settings()


def test_a_misspelt_line_of_the_file_is_not_ignored_either(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FOOTNOTE_HOEM=elsewhere\n", encoding="utf-8")

    with pytest.raises(SettingsError, match="Did you mean FOOTNOTE_HOME"):
        load_settings()


def test_a_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")

    assert "sk-secret" not in repr(load_settings())


def test_a_file_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"FOOTNOTE_HOME=caf\xe9\n")

    with pytest.raises(SettingsError, match=r"\.env is not UTF-8"):
        load_settings()


def test_every_setting_says_what_it_is_for() -> None:
    assert all(field.description for field in Settings.model_fields.values())
    assert variable_of("openai_api_key") == "OPENAI_API_KEY"
