"""Health, as Webex asks it and as gRPC's own clients do."""

import re

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from caller import Caller
from conftest import TENANT_A
from schemas import HEALTH, MEDIA, schema_of

SERVING = health_pb2.HealthCheckResponse.SERVING


@pytest.fixture
def health(channel):
    return health_pb2_grpc.HealthStub(channel)


@pytest.mark.parametrize("service", ["", f"{MEDIA}.VoiceVirtualAgent"])
def test_check(health, service):
    """grpc.health.v1: the server and its service are SERVING, without a token."""
    assert health.Check(health_pb2.HealthCheckRequest(service=service), timeout=5).status == SERVING


def test_check_of_an_unknown_service(health):
    """grpc.health.v1: an unknown service is NOT_FOUND."""
    with pytest.raises(grpc.RpcError) as refusal:
        health.Check(health_pb2.HealthCheckRequest(service="no.such.Service"), timeout=5)
    assert refusal.value.code() is grpc.StatusCode.NOT_FOUND


def test_watch(health):
    """grpc.health.v1: Watch tells the state at once and stays open."""
    watch = health.Watch(health_pb2.HealthCheckRequest(), timeout=2)
    assert next(watch).status == SERVING
    with pytest.raises(grpc.RpcError) as end:
        next(watch)
    assert end.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_watch_of_an_unknown_service(health):
    """grpc.health.v1: Watch of an unknown service is SERVICE_UNKNOWN, and no error."""
    watch = health.Watch(health_pb2.HealthCheckRequest(service="no.such.Service"), timeout=5)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    watch.cancel()


@pytest.mark.parametrize("metadata", [[], [("authorization", "no token at all")]], ids=["no token", "a bad one"])
def test_cisco_health(channel, metadata):
    """Wire 1: com.cisco.wcc.ccai.v1.Health, Check and Watch, without a token (J30)."""
    cisco = schema_of(HEALTH, "Health")
    request = cisco.HealthCheckRequest().SerializeToString()
    read = cisco.HealthCheckResponse.FromString
    check = channel.unary_unary(f"/{HEALTH}.Health/Check", bytes, read)
    assert check(request, metadata=metadata, timeout=5).status == SERVING
    watch = channel.unary_stream(f"/{HEALTH}.Health/Watch", bytes, read)(request, metadata=metadata, timeout=5)
    assert next(watch).status == SERVING
    watch.cancel()


def test_admin_port(gateway):
    """The admin port tells that the process lives and that it is ready."""
    assert gateway.get("/livez")[0] == 200
    assert gateway.get("/readyz")[0] == 200
    assert gateway.get("/metrics")[0] == 200
    assert gateway.get("/nothing")[0] == 404


def test_every_metric_says_what_it_means(gateway, channel, token):
    """Each family of a server that has had a call has a HELP of its own, in front of its TYPE."""
    caller = Caller(channel, token, TENANT_A["org"], "demo-wav")
    caller.start()
    caller.hang_up()
    lines = gateway.get("/metrics")[1].splitlines()
    families = [at for at, line in enumerate(lines) if line.startswith("# TYPE ")]
    assert len(families) > 40
    for at in families:
        name = lines[at].split()[2]
        assert re.fullmatch(rf"# HELP {name} \S.*\.", lines[at - 1]), lines[at - 1 : at + 1]
    names = {lines[at].split()[2] for at in families}
    assert {"patchbay_conversations_started_total", "patchbay_caller_lag_seconds", "patchbay_connections"} <= names
