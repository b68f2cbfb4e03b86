"""`flask ledger`: keys, seals, kept balances, what is checked, and what strangers check."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click
from flask import current_app

from marketplace.commands.books import ledger
from marketplace.kernel.config import Config, ConfigError
from marketplace.kernel.errors import DomainError

A_FILE = click.Path(dir_okay=False, path_type=Path)


def _config() -> Config:
    config: Config = current_app.config["LUMBUNG"]
    return config


@ledger.command("key")
@click.argument("address")
@click.option("--witness", type=A_FILE, help="Make a witness's key, in this file.")
def make_ledger_key(address: str, witness: Path | None) -> None:
    """Make the key that signs heads as ADDRESS, such as market.example/ledger, once."""
    from marketplace.ledger.notes import LOG, WITNESS, read_signer
    from marketplace.sealing import key_file, make_seal_key

    path = witness or key_file(_config())
    if path.exists():
        raise click.ClickException(f"{path} exists. A log keeps its key for ever.")
    try:
        make_seal_key(path, address, WITNESS if witness else LOG)
    except DomainError as error:
        raise click.ClickException(f"{error} An address has no spaces and no +.") from error
    click.echo(f"The key is in {path}. Publish its public half in more than one place:")
    click.echo(read_signer(path.read_text()).verifier.text)


@ledger.command("seal")
def seal_ledger() -> None:
    """Seal what is booked and not sealed yet, as the worker does every second."""
    from marketplace.ledger.queries.sealing import find_head
    from marketplace.sealing import read_seal_key, seal_waiting

    try:
        done = seal_waiting(_config(), read_seal_key(_config()))
    except (ConfigError, DomainError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"sealed: {done}")
    if head := find_head():
        click.echo(head.note.strip())


@ledger.command("balances")
@click.option("--anew", is_flag=True, help="Count every sealed entry again from the beginning.")
def keep_ledger_balances(anew: bool) -> None:
    """Keep what accounts stand at, as the worker does every minute."""
    from marketplace.checkpoints import keep_balances, keep_balances_anew

    if not anew:
        click.echo(f"checkpoints: {keep_balances()}")
    elif keep_balances_anew():
        click.echo("All balances are counted anew.")
    else:
        raise click.ClickException("Entries are being written. Try again.")


@ledger.command("verify")
@click.option("--last-head", type=A_FILE, help="A head seen before; else the sealer's own.")
def verify_ledger(last_head: Path | None) -> None:
    """Compare the books with what was sealed, leaf by leaf: entries and decisions."""
    from marketplace.ledger.queries.sealing_faults import check_seal
    from marketplace.sealing import head_file, read_head_file, read_public_key

    try:
        key = read_public_key(_config())
        seen = read_head_file(last_head or head_file(_config()))
    except (ConfigError, DomainError) as error:
        raise click.ClickException(str(error)) from error
    if seen is not None and not seen.signed_by(key):
        raise click.ClickException("The head seen last is not signed by our key.")
    report = check_seal(key, last_seen=seen.checkpoint if seen else None)
    click.echo(f"key: {key.text}")
    click.echo(f"leaves: {report.leaves}, heads: {report.heads}, not sealed: {report.waiting}")
    for fault in report.faults:
        click.echo(f"WRONG: {fault}")
    if report.faults:
        raise click.ClickException("The books are not what was sealed.")
    click.echo("All is as it was sealed.")


@ledger.command("witness")
@click.argument("file", type=A_FILE)
@click.option("--key", type=A_FILE, required=True, help="The witness's key (see `ledger key`).")
@click.option("--log", "log_key", help="The public key of the log; else our own.")
def witness_ledger(file: Path, key: Path, log_key: str | None) -> None:
    """Cosign the newest head with an outside key, after a look that history only grew.

    FILE holds the last head this witness saw, and the new one afterwards.
    """
    from marketplace.kernel.db import transaction
    from marketplace.kernel.time import now
    from marketplace.ledger.notes import WITNESS, read_signer, read_verifier
    from marketplace.ledger.operations.sealing import cosign_head
    from marketplace.sealing import read_head_file, read_public_key, write_head_file

    try:
        witness = read_signer(key.read_text())
        log = read_verifier(log_key) if log_key else read_public_key(_config())
        if witness.kind != WITNESS:
            raise click.ClickException("This is the key of a log, not of a witness.")
        with transaction():
            note = cosign_head(witness, log, at=now(), last_seen=read_head_file(file))
    except (ConfigError, DomainError, OSError) as error:
        raise click.ClickException(str(error)) from error
    write_head_file(file, note.text)
    click.echo(note.text.strip())


@ledger.command("bundle")
@click.argument("file", type=click.File("wb", atomic=True))
def bundle_ledger(file: BinaryIO) -> None:
    """Write everything public of the books to FILE, for verify.py."""
    from flask_babel import force_locale

    from marketplace.ledger.queries.sealing_bundle import write_bundle
    from marketplace.sealing import read_public_key
    from marketplace.statements.wording import account_name

    try:
        with force_locale("en"):
            key = read_public_key(_config())
            size = write_bundle(file, key, name_of=account_name)
    except (ConfigError, DomainError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"entries: {size}", err=True)
