#include "core.h"

#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

// The core has no setting for it and hands its contexts to nobody, but every context begins with what OpenSSL's own
// configuration says (config(5): `ssl_conf`, `system_default`). So that configuration is read as it is installed, and
// loaded again with one option more. Where that cannot be done, all stays as it is installed.
void pb_prefer_server_ciphers(void) {
  if (OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1) return;
  CONF *installed = NCONF_new(NULL);
  CONF *ours = NCONF_new(NULL);
  BIO *text = BIO_new(BIO_s_mem());
  char *file = CONF_get1_default_config_file();
  long line = 0;
  if (installed && ours && text) {
    const STACK_OF(CONF_VALUE) *values = NULL;
    if (file && NCONF_load(installed, file, &line) > 0) {
      const char *module = NCONF_get_string(installed, NULL, "openssl_conf");
      const char *tls = module ? NCONF_get_string(installed, module, "ssl_conf") : NULL;
      const char *defaults = tls ? NCONF_get_string(installed, tls, "system_default") : NULL;
      values = defaults ? NCONF_get_section(installed, defaults) : NULL;
    }
    BIO_puts(text, "openssl_conf = patchbay\n[patchbay]\nssl_conf = patchbay_tls\n"
                   "[patchbay_tls]\nsystem_default = patchbay_defaults\n[patchbay_defaults]\n");
    const char *options = NULL;
    for (int i = 0; values && i < sk_CONF_VALUE_num(values); i++) {
      const CONF_VALUE *value = sk_CONF_VALUE_value(values, i);
      if (strcmp(value->name, "Options") == 0) {
        options = value->value;
      } else {
        BIO_printf(text, "%s = %s\n", value->name, value->value);
      }
    }
    BIO_printf(text, "Options = %s%sServerPreference\n", options ? options : "", options ? "," : "");
    if (NCONF_load_bio(ours, text, &line) > 0) CONF_modules_load(ours, NULL, 0);
  }
  OPENSSL_free(file);
  BIO_free(text);
  NCONF_free(ours);
  NCONF_free(installed);
  ERR_clear_error();
}
