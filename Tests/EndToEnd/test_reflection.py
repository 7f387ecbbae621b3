"""Server reflection as the published client asks for it: what is served, from whom it is kept, and where it is off."""

import grpc
import pytest
from google.protobuf import descriptor_pb2
from grpc_reflection.v1alpha import reflection_pb2 as messages

from conftest import TENANT_A

METHOD = "/grpc.reflection.{}.ServerReflection/ServerReflectionInfo"


def ask(gateway, issuer, *requests, version="v1", token=True):
    """The answers to requests of one stream."""
    metadata = [("authorization", f"Bearer {issuer.token(TENANT_A)}")] if token else []
    with gateway.channel() as channel:
        call = channel.stream_stream(
            METHOD.format(version), messages.ServerReflectionRequest.SerializeToString,
            messages.ServerReflectionResponse.FromString)
        return list(call(iter(messages.ServerReflectionRequest(**request) for request in requests), metadata=metadata,
                         timeout=10))


def files(answer):
    return [descriptor_pb2.FileDescriptorProto.FromString(file)
            for file in answer.file_descriptor_response.file_descriptor_proto]


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_a_tool_learns_what_is_served(own_gateway, issuer, version):
    listed, voice, nested, method, missing, extension = ask(
        own_gateway(), issuer, {"list_services": "*"},
        {"file_containing_symbol": "com.cisco.wcc.ccai.media.v1.VoiceVirtualAgent"},
        {"file_containing_symbol": "grpc.health.v1.HealthCheckResponse.ServingStatus"},
        {"file_containing_symbol": "com.cisco.wcc.ccai.media.v1.VoiceVirtualAgent.ProcessCallerInput"},
        {"file_by_filename": "../etc/passwd"}, {"all_extension_numbers_of_type": "google.protobuf.Struct"},
        version=version)
    names = [service.name for service in listed.list_services_response.service]
    assert {"com.cisco.wcc.ccai.media.v1.VoiceVirtualAgent", "grpc.health.v1.Health", "com.cisco.wcc.ccai.v1.Health",
            f"grpc.reflection.{version}.ServerReflection"} <= set(names) and names == sorted(names)
    assert [file.name for file in files(voice)][:2] == ["voice_virtual_agent.proto", "google/protobuf/struct.proto"]
    assert files(method) == files(voice) and files(nested)[0].name == "grpc_health.proto"
    assert missing.error_response.error_code == extension.error_response.error_code == 5
    assert voice.original_request.file_containing_symbol.endswith("VoiceVirtualAgent")


def test_schemas_are_for_those_with_a_token(own_gateway, issuer):
    with pytest.raises(grpc.RpcError) as refused:
        ask(own_gateway(), issuer, {"list_services": ""}, token=False)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_reflection_is_off_where_the_configuration_says_so(own_gateway, issuer):
    gateway = own_gateway(listen={"address": "127.0.0.1:0", "reflection": False})
    with pytest.raises(grpc.RpcError) as refused:
        ask(gateway, issuer, {"list_services": ""})
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_malformed_request_ends_its_own_stream_only(own_gateway, issuer):
    gateway = own_gateway()
    for request in ("x" * 5000, "\x00" * 64):
        try:
            ask(gateway, issuer, {"file_containing_symbol": request})
        except grpc.RpcError as error:
            assert error.code() in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INVALID_ARGUMENT)
    assert ask(gateway, issuer, {"list_services": ""})
