"""Columns that hold whole conversations: the last question becomes the prompt, what was said before it the history."""

import pyarrow as pa

from tasks.core.records.json_value import parsed
from tasks.core.records.messages import reply, transcript, turns_of

BEGINS = ("[", "{")


def unfolded(interactions: pa.Table) -> pa.Table:
    """The interactions with their conversations in pieces; texts that are none stay as they are.

    A prompt that is a list of messages, or the JSON of one, becomes its last question; what stands before it the
    history, and what the system was told its instructions, where none are mapped. A history becomes text, turn by turn;
    a completion that is a message its text.
    """
    columns = {name: interactions[name].to_pylist() for name in ("prompt", "system", "history", "completion")}
    for row, prompt in enumerate(columns["prompt"]):
        turns = turns_of(parsed(prompt)) if _may_be_messages(prompt) else None
        if turns is not None:
            columns["prompt"][row] = turns.prompt
            columns["history"][row] = columns["history"][row] or turns.history
            columns["system"][row] = columns["system"][row] or turns.system
    for row, history in enumerate(columns["history"]):
        if _may_be_messages(history):
            columns["history"][row] = transcript(parsed(history)) or (None if parsed(history) == [] else history)
    for row, completion in enumerate(columns["completion"]):
        if _may_be_messages(completion) and turns_of(parsed(completion)) is not None:
            columns["completion"][row] = reply(parsed(completion))
    for name, values in columns.items():
        place = interactions.schema.get_field_index(name)
        interactions = interactions.set_column(place, name, pa.array(values, pa.string()))
    return interactions


def _may_be_messages(text: str | None) -> bool:
    return text is not None and text.lstrip().startswith(BEGINS)
