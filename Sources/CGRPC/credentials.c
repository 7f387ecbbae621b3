#include "core.h"

grpc_server_credentials *pb_server_credentials_plaintext(void) { return grpc_insecure_server_credentials_create(); }
void pb_server_credentials_release(grpc_server_credentials *credentials) {
  grpc_server_credentials_release(credentials);
}

struct pb_certificate_sink {
  grpc_ssl_server_certificate_config *config;
};

void pb_certificate_deliver(pb_certificate_sink *sink, const char *client_roots, const char *key, const char *chain) {
  if (sink->config) grpc_ssl_server_certificate_config_destroy(sink->config);
  grpc_ssl_pem_key_cert_pair pair = {.private_key = key, .cert_chain = chain};
  // Debian's build keeps the core's debug assertions, and one of them ends the process where there are no client
  // roots. Without a client CA no certificate is asked for, so what stands here then is never used.
  sink->config = grpc_ssl_server_certificate_config_create(client_roots ? client_roots : chain, &pair, 1);
}

static _Atomic(pb_certificate_source) installed_source;
void pb_certificate_source_install(pb_certificate_source source) { installed_source = source; }

static grpc_ssl_certificate_config_reload_status fetch_certificate(
  void *user_data, grpc_ssl_server_certificate_config **config) {
  pb_certificate_source source = installed_source;
  pb_certificate_sink sink = {.config = NULL};
  int32_t result = source ? source(user_data, &sink) : PB_CERTIFICATE_FAILED;
  if (result == PB_CERTIFICATE_NEW && sink.config) {
    *config = sink.config;
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }
  if (sink.config) grpc_ssl_server_certificate_config_destroy(sink.config);
  return result == PB_CERTIFICATE_UNCHANGED ? GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED
                                            : GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_FAIL;
}

grpc_server_credentials *pb_server_credentials_tls(int32_t client_certificate, void *context) {
  grpc_ssl_client_certificate_request_type request = GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
  if (client_certificate == PB_CLIENT_CERTIFICATE_OPTIONAL) {
    request = GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY;
  } else if (client_certificate == PB_CLIENT_CERTIFICATE_REQUIRED) {
    request = GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  grpc_ssl_server_credentials_options *options =
    grpc_ssl_server_credentials_create_options_using_config_fetcher(request, fetch_certificate, context);
  return grpc_ssl_server_credentials_create_with_options(options);
}

grpc_channel_credentials *pb_channel_credentials_plaintext(void) { return grpc_insecure_credentials_create(); }

grpc_channel_credentials *pb_channel_credentials_tls(const char *roots, const char *key, const char *chain) {
  grpc_ssl_pem_key_cert_pair pair = {.private_key = key, .cert_chain = chain};
  return grpc_ssl_credentials_create_ex(roots, key && chain ? &pair : NULL, NULL, NULL);
}

void pb_channel_credentials_release(grpc_channel_credentials *credentials) {
  grpc_channel_credentials_release(credentials);
}

void pb_call_peer_properties(
  pb_call *call, const char *name, void (*each)(void *context, const char *value, size_t length), void *context) {
  grpc_auth_context *authentication = grpc_call_auth_context(call->call);
  if (!authentication) return;
  grpc_auth_property_iterator iterator = grpc_auth_context_find_properties_by_name(authentication, name);
  const grpc_auth_property *property;
  while ((property = grpc_auth_property_iterator_next(&iterator))) {
    each(context, property->value, property->value_length);
  }
  grpc_auth_context_release(authentication);
}

bool pb_call_peer_is_authenticated(pb_call *call) {
  grpc_auth_context *authentication = grpc_call_auth_context(call->call);
  if (!authentication) return false;
  bool authenticated = grpc_auth_context_peer_is_authenticated(authentication) != 0;
  grpc_auth_context_release(authentication);
  return authenticated;
}
