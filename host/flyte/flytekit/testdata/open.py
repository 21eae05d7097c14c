"""Opens the outputs.pb of the folders that are named, as flytekit's tasks would
get them: as pandas.DataFrame, as StructuredDataset and as FlyteSchema. Prints
a line of JSON for each: by column its type and its values' repr.
"""

import json
import sys

import pandas as pd
from flyteidl.core import literals_pb2
from flytekit import StructuredDataset
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.type_engine import TypeEngine
from flytekit.models.literals import LiteralMap
from flytekit.types.schema import FlyteSchema


def columns(frame):
    def show(value):
        return "NULL" if not isinstance(value, (list, dict)) and not hasattr(value, "tolist") and pd.isna(value) else repr(value)

    return [[name, str(frame[name].dtype), [show(v) for v in frame[name]]] for name in frame.columns]


def main():
    ctx = FlyteContextManager.current_context()
    for folder in sys.argv[1:]:
        message = literals_pb2.LiteralMap()
        with open(folder + "/outputs.pb", "rb") as f:
            message.ParseFromString(f.read())
        literals = LiteralMap.from_flyte_idl(message)

        def given(kind):
            return TypeEngine.literal_map_to_kwargs(ctx, literals, {"results": kind})["results"]

        frames = {
            "DataFrame": given(pd.DataFrame),
            "StructuredDataset": given(StructuredDataset).open(pd.DataFrame).all(),
            "FlyteSchema": given(FlyteSchema).open().all(),
        }
        print(json.dumps({kind: columns(frame) for kind, frame in frames.items()}))


main()
