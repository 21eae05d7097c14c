"""Runs tasks of the SQLAlchemy plugin with flytekit's own executor of tasks of
connectors, whose requests go to the connector at the address that is named.
Arguments: the address, the URI of a database, and a folder for results.
Prints one line of JSON.
"""

import json
import logging
import sys
import time
from collections import OrderedDict
from dataclasses import dataclass

import grpc
import pandas as pd
from flyteidl.admin import agent_pb2
from flyteidl.core import execution_pb2, identifier_pb2
from flyteidl.service import agent_pb2_grpc
from flytekit import kwtypes
from flytekit.configuration import ImageConfig, SerializationSettings
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.data_persistence import FileAccessProvider
from flytekit.core.type_engine import TypeEngine
from flytekit.extend.backend.base_connector import (
    AsyncConnectorBase,
    AsyncConnectorExecutorMixin,
    ConnectorRegistry,
    Resource,
    ResourceMeta,
)
from flytekit.tools.translator import get_serializable
from flytekitplugins.sqlalchemy import SQLAlchemyConfig, SQLAlchemyTask


@dataclass
class Meta(ResourceMeta):
    sent: str


class Remote(AsyncConnectorBase):
    name = "remote"

    def __init__(self, address):
        super().__init__(metadata_type=Meta, task_type_name="sqlalchemy")
        channel = grpc.insecure_channel(address)
        self.tasks = agent_pb2_grpc.AsyncAgentServiceStub(channel)
        self.about = agent_pb2_grpc.AgentMetadataServiceStub(channel)
        self.category = agent_pb2.TaskCategory(name="sqlalchemy", version=0)
        self.count = 0

    def create(self, task_template, output_prefix, inputs=None, task_execution_metadata=None, **kwargs):
        self.count += 1
        execution = identifier_pb2.WorkflowExecutionIdentifier(project="shop", domain="development", name="f%d" % self.count)
        node = identifier_pb2.NodeExecutionIdentifier(node_id="n0", execution_id=execution)
        answer = self.tasks.CreateTask(
            agent_pb2.CreateTaskRequest(
                inputs=inputs.to_flyte_idl() if inputs else None,
                template=task_template.to_flyte_idl(),
                output_prefix=output_prefix,
                task_execution_metadata=agent_pb2.TaskExecutionMetadata(
                    task_execution_id=identifier_pb2.TaskExecutionIdentifier(task_id=task_template.id.to_flyte_idl(), node_execution_id=node)
                ),
            ),
            timeout=10,
        )
        return Meta(sent=answer.resource_meta.decode())

    def get(self, resource_meta, **kwargs):
        answer = self.tasks.GetTask(agent_pb2.GetTaskRequest(task_category=self.category, resource_meta=resource_meta.sent.encode()), timeout=10)
        return Resource.from_flyte_idl(answer.resource)

    def delete(self, resource_meta, **kwargs):
        self.tasks.DeleteTask(agent_pb2.DeleteTaskRequest(task_category=self.category, resource_meta=resource_meta.sent.encode()), timeout=10)


class ConnectorTask(AsyncConnectorExecutorMixin, SQLAlchemyTask):
    """A task that flytekit runs by way of a connector."""


def main():
    address, uri, folder = sys.argv[1:]
    remote = Remote(address)
    ConnectorRegistry.register(remote)
    config = SQLAlchemyConfig(uri=uri)
    ctx = FlyteContextManager.current_context()
    access = FileAccessProvider(local_sandbox_dir=folder + "/sandbox", raw_output_prefix=folder)
    out = {"connectors": [a.name for a in remote.about.ListAgents(agent_pb2.ListAgentsRequest()).agents]}
    with FlyteContextManager.with_context(ctx.with_file_access(access)) as ctx:
        task = ConnectorTask("rows", query_template="SELECT {{ .inputs.low }} + 1 AS n, '{{ .inputs.name }}' AS s", inputs=kwtypes(low=int, name=str), task_config=config)
        frame = TypeEngine.literal_map_to_kwargs(ctx, task.execute(low=41, name="Zoë's"), {"results": pd.DataFrame})["results"]
        out["rows"] = frame.to_dict("records")
        out["types"] = [str(t) for t in frame.dtypes]

        task = ConnectorTask("none", query_template="CREATE TABLE made AS SELECT 1 AS n", output_schema_type=None, task_config=config)
        out["none"] = len(task.execute().literals)

        task = ConnectorTask("bad", query_template="SELECT * FROM missing", task_config=config)
        try:
            task.execute()
        except Exception as e:
            out["error"] = str(e)

        # flytekit deletes where a run is interrupted; here that is done at once.
        task = ConnectorTask("long", query_template="SELECT pg_sleep(100)::text AS s", task_config=config)
        template = get_serializable(OrderedDict(), SerializationSettings(ImageConfig()), task).template
        meta = Meta.decode(remote.create(template, folder + "/long").encode())
        phases = [execution_pb2.TaskExecution.Phase.Name(remote.get(meta).phase)]
        while phases[-1] != "RUNNING":
            time.sleep(0.1)
            phases.append(execution_pb2.TaskExecution.Phase.Name(remote.get(meta).phase))
        remote.delete(meta)
        remote.delete(meta)
        for _ in range(100):
            phases.append(execution_pb2.TaskExecution.Phase.Name(remote.get(meta).phase))
            if phases[-1] != "RUNNING":
                break
            time.sleep(0.1)
        out["phases"] = [p for p in dict.fromkeys(phases) if p != "QUEUED"]
    print(json.dumps(out, default=str))


logging.disable(logging.ERROR)
main()
