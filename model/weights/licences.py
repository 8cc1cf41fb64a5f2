"""Licences of the images that weights learnt from: collected from datasets and cards, and refused before a training begins."""

from collections.abc import Iterable, Mapping, Sequence

from model.weights.checkpoints import EncoderCard, WeightsCard
from pipelines.errors import UserError
from pipelines.formats.licences import NOT_STATED, SEPARATOR, different
from pipelines.formats.shards import ShardedDataset

Licences = Mapping[str, str]
"""By the name of the pool of images; several licences of one pool with `SEPARATOR` between."""


class LicenceError(UserError):
    """Data or weights under a licence that was refused."""


def together(parts: Iterable[Licences]) -> dict[str, str]:
    """All pools; one that several parts have gets the licences of all of them, each once."""
    texts: dict[str, list[str]] = {}
    for part in parts:
        for pool, text in part.items():
            texts.setdefault(pool, []).extend(text.split(SEPARATOR))
    return {pool: SEPARATOR.join(different(found)) for pool, found in texts.items()}


def of_datasets(datasets: Iterable[ShardedDataset]) -> dict[str, str]:
    """The licences of the projects that finished datasets were made of."""
    return together({pool: SEPARATOR.join(texts) for pool, texts in dataset.licences.items()} for dataset in datasets)


def of_pools(names: Sequence[str], datasets: Sequence[ShardedDataset]) -> dict[str, str]:
    """The licences of pools of photographs, each by the name of its pool: their projects are often called the same."""
    return {
        name: SEPARATOR.join(different([text for texts in dataset.licences.values() for text in texts]))
        for name, dataset in zip(names, datasets, strict=True)
    }


def of_weights(card: WeightsCard | EncoderCard) -> dict[str, str]:
    """Those on a card; a card that says nothing of them is one pool whose licence is not stated."""
    if isinstance(card, EncoderCard):
        return {f"encoder of {card.network}": card.source}
    if card.licences:
        return dict(card.licences)
    made_of = f", dataset {card.dataset_digest[:12]}…" if card.dataset_digest else ""
    return {f"weights of {card.network}{made_of}": NOT_STATED}


def refuse(refused: Sequence[str], licences: Licences) -> None:
    """LicenceError, with every pool in it, where a licence has one of the texts in it, in capitals or not."""
    found = {
        pool: [text for text in refused if text.casefold() in licence.casefold()] for pool, licence in licences.items()
    }
    hit = sum(bool(texts) for texts in found.values())
    if not hit:
        return
    lines = [
        f"{pool}: {licences[pool]}" + (f"  <- refused by {' and '.join(map(repr, texts))}" if texts else "")
        for pool, texts in found.items()
    ]
    pools = f"{hit} of the {len(found)} pools of images" if len(found) > 1 else "the only pool of images"
    verb = "are" if hit > 1 else "is"
    raise LicenceError(
        "\n  ".join(
            [
                f"licences: {pools} behind this training, its first weights included, {verb} refused:",
                *lines,
            ]
        )
        + f"\nNothing was trained. Leave these data or weights out, or take the text out of refuse_licences or "
        f"--refuse-licence; a pool that is {NOT_STATED!r} gets its licence by `python -m pipelines run --licence NAME=TEXT`"
    )
